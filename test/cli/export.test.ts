import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { addressesOf } from "../../src/cli/app/addresses.js";
import { exportCompose } from "../../src/cli/export/compose.js";
import { exportKubernetes } from "../../src/cli/export/kubernetes.js";
import { exportSystemd } from "../../src/cli/export/systemd.js";
import { addExport, type LoadOutline } from "../../src/cli/export.js";
import type { Io } from "../../src/cli/io.js";
import { createProgram } from "../../src/cli/program.js";
import { createServer, type Server } from "../../src/server/server.js";
import { systemClock } from "../../src/time/time.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { root, shop } from "./export/outlines.js";
import { Capture, hawser, nothing, start } from "./support/command.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-export-"));
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "dist/app.js"), "");
});
afterEach(() => rmSync(folder, { recursive: true }));

function world(): Io & { readonly stdout: Capture; readonly stderr: Capture } {
  const { signal } = new AbortController();
  return { stdin: nothing(), stdout: new Capture(), stderr: new Capture(), env: {}, signal, clock: systemClock };
}

/** Runs the verb; the app is `shop`, whatever its file says. */
async function exported(
  ...args: readonly string[]
): Promise<{ readonly out: readonly string[]; readonly err: string }> {
  const io = world();
  const program = new Command("hawser").exitOverride().option("--registry <url>").option("--json");
  program.configureOutput({ writeErr: () => {} });
  const load: LoadOutline = async (file) => ({ ...shop, file });
  addExport(program, io, load);
  await program.parseAsync(["export", ...args], { from: "user" });
  return { out: io.stdout.lines, err: io.stderr.text };
}

describe("hawser export", () => {
  it("writes the files of a format, names each, and says what to do with them", async () => {
    const out = join(folder, "deploy");
    const { out: lines, err } = await exported(
      "systemd",
      join(folder, "dist/app.js"),
      "--out",
      out,
      "--node",
      "/usr/bin/node",
    );
    expect(lines).toEqual(
      ["shop.target", "shop-registry.service", "shop-warehouse@.service", "shop-orders@.service"].map(
        (file) => `${out}/${file}`,
      ),
    );
    expect(readdirSync(out).sort()).toEqual(lines.map((line) => line.slice(out.length + 1)).sort());
    expect(err).toContain("systemctl enable --now shop.target");
    expect(readFileSync(join(out, "shop-orders@.service"), "utf8")).toContain(
      `ExecStart=/usr/bin/node ${folder}/node_modules/hawser/dist/cli/hawser.js start dist/app.js orders\n`,
    );
  });

  it("finds the app in a folder, and builds the image from the project's folder wherever the file goes", async () => {
    const out = join(folder, "deploy/compose");
    await exported("compose", folder, "--out", out);
    const { services } = parse(readFileSync(join(out, "compose.yaml"), "utf8"));
    expect(services.orders.build).toBe("../..");
    await exported("compose", folder, "--out", folder);
    expect(parse(readFileSync(join(folder, "compose.yaml"), "utf8")).services.orders.build).toBe(".");
  });

  it("takes the project to be where hawser is installed, above a package of a workspace", async () => {
    const app = join(folder, "packages/shop/app.ts");
    mkdirSync(join(folder, "packages/shop"), { recursive: true });
    mkdirSync(join(folder, "node_modules/hawser"), { recursive: true });
    writeFileSync(join(folder, "packages/shop/package.json"), "{}");
    writeFileSync(app, "");
    const { err } = await exported("kubernetes", app, "--out", join(folder, "k8s"), "--namespace", "prod");
    const [deployment] = parseAllDocuments(readFileSync(join(folder, "k8s/shop-orders.yaml"), "utf8")).map((each) =>
      each.toJS(),
    );
    expect(deployment.spec.template.spec.containers[0].command).toContain("packages/shop/app.ts");
    expect(deployment.metadata.namespace).toBe("prod");
    expect(err).toContain("the app file is TypeScript: it needs tsx where it runs");
  });

  it("takes the registry that is said, not that of the shell", async () => {
    await exported("kubernetes", folder, "--out", folder, "--registry", "etcd://etcd.infra:2379/prod");
    expect(readFileSync(join(folder, "shop-config.yaml"), "utf8")).toContain("etcd://etcd.infra:2379/prod");
  });

  it("says that etcd needs etcd3, where the project does not have it", async () => {
    const said = async (...args: readonly string[]) =>
      (await exported(...args, folder, "--out", folder, "--force")).err;
    const note = "the project needs etcd3 where it runs; try: npm install etcd3";
    expect(await said("compose", "--etcd")).toContain(note);
    expect(await said("compose")).not.toContain(note);
    expect(await said("kubernetes", "--registry", "etcd://etcd:2379")).toContain(note);
    mkdirSync(join(folder, "node_modules/etcd3"), { recursive: true });
    expect(await said("kubernetes", "--registry", "etcd://etcd:2379")).not.toContain(note);
  });

  it("tells programs the folder and the files", async () => {
    const { out, err } = await exported("compose", folder, "--out", folder, "--json");
    expect(out.map((line) => JSON.parse(line))).toEqual([{ folder, files: ["compose.yaml"] }]);
    expect(err).toBe("");
  });

  it("writes over no file that would change, unless told to; and nothing at all then", async () => {
    await exported("kubernetes", folder, "--out", folder);
    const config = join(folder, "shop-config.yaml");
    const written = readFileSync(config, "utf8");
    await expect(exported("kubernetes", folder, "--out", folder)).resolves.toBeDefined(); // the same again
    writeFileSync(config, "# mine\n");
    rmSync(join(folder, "shop-orders.yaml"));
    await expect(exported("kubernetes", folder, "--out", folder)).rejects.toThrow(
      `${folder}: shop-config.yaml would change; give another --out, or --force`,
    );
    expect(readFileSync(config, "utf8")).toBe("# mine\n");
    expect(readdirSync(folder)).not.toContain("shop-orders.yaml");
    await exported("kubernetes", folder, "--out", folder, "--force");
    expect(readFileSync(config, "utf8")).toBe(written);
  });

  it.each<[readonly string[], string]>([
    [["compose", "--namespace", "prod"], "--namespace is for kubernetes, not for compose"],
    [["kubernetes", "--etcd-image", "etcd"], "--etcd-image is for compose, not for kubernetes"],
    [["systemd", "--etcd"], "--etcd is for compose, not for systemd"],
    [["compose", "--etcd", "--registry", "hawser://10.0.0.1:7400"], "etcd: a registry is given; leave out one of them"],
    [["systemd", "--image", "shop"], "--image is for compose, not for systemd"],
    [["systemd", "--node", "node"], "node: expected an absolute path"],
    [["compose", "--registry", "etcd://ada:hunter2@a"], 'registry "etcd://…@a": leave user and password out'],
    [["heroku"], "Allowed choices are systemd, compose, kubernetes"],
  ])("refuses %j, and writes nothing", async ([format, ...options], message) => {
    const args = [format as string, folder, "--out", join(folder, "out"), ...options];
    await expect(exported(...args)).rejects.toThrow(message);
    expect(readdirSync(folder)).not.toContain("out");
  });
});

/** Command lines of `hawser`, without node and the script. */
function commandLines(): readonly (readonly string[])[] {
  const compose = exportCompose(shop, { root }).flatMap(({ content }) => Object.values(parse(content).services));
  const pods = exportKubernetes(shop, { root })
    .flatMap(({ content }) => parseAllDocuments(content).map((each) => each.toJS()))
    .filter(({ kind }) => kind === "Deployment");
  const units = exportSystemd(shop, { root, project: "/srv/shop" }).flatMap(
    ({ content }) => /^ExecStart=(.*)$/m.exec(content)?.[1] ?? [],
  );
  const all = [
    ...(compose as { command: string[]; healthcheck: { test: string[] } }[]).flatMap(({ command, healthcheck }) => [
      command,
      healthcheck.test.slice(1),
    ]),
    ...pods.flatMap(({ spec }) => spec.template.spec.containers).map(({ command }) => command as string[]),
    ...units.map((line) => line.split(" ")),
  ];
  return all.filter(([, script]) => script?.endsWith("hawser/dist/cli/hawser.js")).map((words) => words.slice(2));
}

describe("what hawser export writes", () => {
  it.each(commandLines())("is a command line that hawser takes: %s %s %s %s", async (...args) => {
    const program = createProgram(world());
    for (const verb of program.commands) verb.action(() => {});
    await expect(program.parseAsync(args, { from: "user" })).resolves.toBe(program);
  });

  it("has a port for each service, of which HAWSER_ADDRESS is the first's", () => {
    const [compose] = exportCompose(shop, { root });
    const { command, environment } = parse(compose?.content as string).services.warehouse;
    const given = command.filter((_: string, index: number) => command[index - 1] === "--address");
    const group = { name: "shop", services: [{ name: "inventory" }, { name: "stock-taker" }] };
    const addressOf = addressesOf(given, group, { ...world(), env: environment });
    expect(["inventory", "stock-taker"].map(addressOf)).toEqual(["grpc://0.0.0.0:50051", "grpc://0.0.0.0:50052"]);
  });

  it("asks every service of a process how it is, and fails where one does not serve", async () => {
    const [, check] = commandLines().filter(([verb]) => verb === "health"); // the first is that of the registry
    const [first, second] = [await serving(), await serving()];
    const places = new Map([first, second].map(({ address }, index) => [`127.0.0.1:${50051 + index}`, address]));
    const asked = (check as readonly string[]).map((word) => places.get(word) ?? word);
    expect(asked).toEqual(["health", first.address, second.address]);
    expect(await hawser(asked)).toMatchObject({ code: 0, err: "" });
    second.health.set("", "NOT_SERVING");
    expect((await hawser(asked)).code).toBe(1);
    second.health.set("", "SERVING");
    await first.close({ graceMs: 0 });
    expect((await hawser(asked)).code).toBe(1);
  });

  it("has a registry that is found by the name of its host", async () => {
    const [line] = commandLines().filter(([verb]) => verb === "registry");
    const { out, interrupt, code } = start((line as readonly string[]).map((word) => word.replace("7400", "0")));
    const [, port] = /listening on grpc:\/\/0\.0\.0\.0:(\d+)/.exec(await out.line(() => true)) ?? [];
    const listed = await hawser(["list", "--json", "--registry", `hawser://localhost:${port}`]);
    expect(listed).toEqual({ code: 0, out: "[]\n", err: "" });
    interrupt();
    await code;
  });
});

async function serving(): Promise<Server> {
  const server = createServer({ address: "grpc://127.0.0.1:0", transport: grpcJsTransport() });
  onTestFinished(() => server.close({ graceMs: 0 }));
  await server.start();
  return server;
}
