import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { terminalLog } from "../../src/cli/app/terminal-log.js";
import { Terminal } from "../../src/cli/terminal.js";
import { defineApp, defineService } from "../../src/service/service.js";
import { createLogger } from "../../src/telemetry/telemetry.js";
import { systemClock } from "../../src/time/time.js";
import { Capture, hawser, nothing } from "./support/command.js";
import { Project, talk } from "./support/project.js";
import { listeningPorts, Shell } from "./support/real-command.js";

vi.setConfig({ testTimeout: 60_000 });

let shell: Shell;
let project: Project;
beforeAll(async () => {
  shell = await Shell.open();
  project = await Project.make();
});
afterAll(async () => {
  try {
    expect(shell.remains).toEqual({ alive: [], left: [] });
  } finally {
    await shell[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  }
});

/** Says hello to `front` by a registry, as somebody outside does. */
async function sayHello(registry: string): Promise<string> {
  const { out, err } = await hawser(["--registry", registry, "call", "front", "SayHello", '{"name":"Ada"}', "--json"]);
  return err || JSON.parse(out).text;
}

describe.concurrent("hawser run", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("lets nothing listen, and ends with 0 at %s", async (signal) => {
    const run = shell.start(["run", await project.app(talk, "quiet.mjs")]);
    await run.says(/^talk: words, front here, in one process; nothing listens$/m);
    expect(listeningPorts(run.pid)).toEqual([]);
    const { code, out } = await run.stop(signal);
    expect(code).toBe(0);
    const log = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(
      log
        .filter(({ msg }) => msg === "serving")
        .map(({ service }) => service)
        .sort(),
    ).toEqual(["front", "words"]);
  });

  it("listens where it is asked to, in a registry of its own, whose URL it tells", async () => {
    const run = shell.start(["run", await project.app(talk, "open.mjs"), "--listen", "--set", "words.greeting=Ahoy"]);
    const [, registry = ""] = await run.says(/^HAWSER_REGISTRY=(\S+)$/m);
    await run.says(/^talk: words, front here, in one process; try: hawser list$/m);
    expect(JSON.parse((await hawser(["--registry", registry, "list", "--json"])).out)).toEqual([
      { name: "front", versions: ["0.0.0"], instances: 1 },
      { name: "words", versions: ["0.0.0"], instances: 1 },
    ]);
    expect(await sayHello(registry)).toBe("Ahoy Ada");

    // Another app needs what runs there: by the registry, without being called itself.
    const reader = talk
      .replace(/const words[\s\S]*?\n\}\);/, "")
      .replace(
        "needs: { words: GreeterServiceDefinition }",
        "needs: { words: { contract: GreeterServiceDefinition, external: true } }",
      )
      .replace(
        "setup: ({ needs }) =>",
        "setup: async ({ needs, log }) => { log.info(await needs.words.sayHello({ name: 'Bob' })); }, other: () =>",
      )
      .replaceAll("[front, words]", "[front]")
      .replace("contract: GreeterServiceDefinition,\n  needs", "needs");
    const app = await project.app(reader, "reader.mjs");
    const alone = await shell.run(["run", app]);
    expect(alone).toMatchObject({
      code: 78,
      err: expect.stringContaining(
        "front needs words, which does not run here, and there is no registry to find it in; set HAWSER_REGISTRY",
      ),
    });
    const other = shell.start(["run", app], { env: { HAWSER_REGISTRY: registry } });
    await other.says(/"text":"Ahoy Bob"/);
    await other.says(/nothing listens$/m);
    expect(listeningPorts(other.pid)).toEqual([]);
    expect((await other.stop()).code).toBe(0);

    expect(listeningPorts(run.pid)).toHaveLength(3);
    expect((await run.stop()).code).toBe(0);
  });

  it.each([
    ["a setup", "setup: () => { console.log('here'); return new Promise(() => setInterval(() => {}, 1000)) }"],
    [
      "the app file",
      "setup() {} }); console.log('here'); await new Promise(() => setInterval(() => {}, 1000)); const b = ({ ",
    ],
  ])("ends with 130 where it is interrupted while %s waits for something", async (what, rest) => {
    const app = await project.app(
      `const a = defineService({ name: "a", ${rest} });
export default defineApp({ services: [a] });`,
      `waits-${what.length}.mjs`,
    );
    const run = shell.start(["run", app]);
    await run.says(/^here$/m);
    expect(await run.stop("SIGINT")).toEqual({ code: 130, out: "here\n", err: "" });
  });

  it("ends with 1, and the stack, where a service cannot go on", async () => {
    const app = await project.app(
      `const a = defineService({
  name: "a",
  setup: ({ background }) => background("counting", async () => { throw new Error("lost count"); }),
});
export default defineApp({ services: [a] });`,
      "fails.mjs",
    );
    const { code, err } = await shell.run(["run", app]);
    expect(code).toBe(1);
    expect(err).toMatch(/^Error: lost count\n {4}at .*fails\.mjs:7:\d+\)$/m);
    expect(err).toMatch(/\nhawser: a: the background task "counting" failed: lost count\n$/);
  });
});

describe("the log of an app", () => {
  const app = defineApp({
    services: [defineService({ name: "orders", setup() {} }), defineService({ name: "a", setup() {} })],
  });
  const terminal = (tty: boolean, options: object = {}) => {
    const io = {
      stdin: nothing(),
      stdout: new Capture(tty),
      stderr: new Capture(),
      env: { NO_COLOR: "1" },
      signal: new AbortController().signal,
      clock: systemClock,
    };
    return { stdout: io.stdout, terminal: new Terminal(io, options) };
  };

  it("is told for people on a terminal, each line with its service", () => {
    const { stdout, terminal: people } = terminal(true);
    const destination = terminalLog(app, people);
    createLogger({ service: "orders", destination: destination! }).info({ order: 7 }, "placed");
    createLogger({ service: "a", destination: destination! }).warn("odd");
    expect(stdout.lines).toEqual([
      expect.stringMatching(/^orders │ \d\d:\d\d:\d\d\.\d{3} INFO {2}placed order=7$/),
      expect.stringMatching(/^a {6}│ \d\d:\d\d:\d\d\.\d{3} WARN {2}odd$/),
    ]);
  });

  it("is JSON for programs", () => {
    expect(terminalLog(app, terminal(false).terminal)).toBeUndefined();
    expect(terminalLog(app, terminal(true, { json: true }).terminal)).toBeUndefined();
  });
});

describe("an app with a copy of Hawser of its own", () => {
  it.each(["run", "up", "start", "outline", "export compose"])("has that copy go on with %s", async (verb) => {
    const folder = join(project.folder, "elsewhere");
    const copy = join(folder, "node_modules/hawser");
    await mkdir(join(copy, "dist/cli"), { recursive: true });
    await writeFile(
      join(copy, "package.json"),
      '{"name":"hawser","type":"module","exports":{"./package.json":"./package.json"}}',
    );
    await writeFile(
      join(copy, "dist/cli/run.js"),
      'export async function run(args, io) { io.stdout.write("1.2.3: " + args.join(" ")); return 42; }',
    );
    await writeFile(join(folder, "app.ts"), "this is nothing that could be loaded");
    const args = [...verb.split(" "), join(folder, "app.ts"), "--json"];
    expect(await hawser(args)).toEqual({ code: 42, out: `1.2.3: ${args.join(" ")}`, err: "" });
    expect(existsSync("deploy")).toBe(false);
  });
});
