import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addressesOf, checkApart } from "../../src/cli/app/addresses.js";
import { hawser, type Result } from "./support/command.js";

const here = process.cwd();
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-new-"));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}

/** Every file below the folder. */
function files(): readonly string[] {
  return readdirSync(".", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function refused(what: string): Partial<Result> {
  return { code: 2, out: "", err: expect.stringContaining(what) as string };
}

describe("hawser new", () => {
  it("writes a project into a folder of its name, lists its files, and says what to do with it", async () => {
    const { code, out, err } = await hawser(["new", "order-books"]);
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toEqual(files());
    expect(files()).toContain("order-books/src/order-books/order-books.ts");
    expect(err).toBe("then: cd order-books && npm install && make check && make run\n");
  });

  it("spells the name as each language wants it, and leaves nothing of the template's", async () => {
    await hawser(["new", "pier-service"]);
    expect(read("pier-service/proto/pier_service/v1/pier_service.proto")).toMatch(
      /^package pier_service\.v1;[\s\S]*^service PierService \{/m,
    );
    expect(read("pier-service/src/app.ts")).toContain('import { pierService } from "./pier-service/pier-service.js";');
    expect(read("pier-service/README.md")).toContain("HAWSER_CONFIG_PIER_SERVICE__GREETING");
    const all = files().map((file) => file + read(file));
    expect(all.filter((text) => /order.?desk|NODE_MAJOR/i.test(text))).toEqual([]);
  });

  it("asks for this Hawser, and for the versions that it was tested with", async () => {
    await hawser(["new", "greeter"]);
    const own = JSON.parse(read(resolve(here, "package.json")));
    const { dependencies, devDependencies, engines } = JSON.parse(read("greeter/package.json"));
    expect(dependencies).toMatchObject({ hawser: `^${own.version}`, zod: own.devDependencies.zod });
    expect(devDependencies).toMatchObject({ typescript: own.devDependencies.typescript });
    expect(Object.values({ ...dependencies, ...devDependencies })).not.toContain(undefined);
    expect(engines).toEqual(own.engines);
  });

  it("has a container in which further services find room beside the first", async () => {
    await hawser(["new", "greeter"]);
    const [, address = ""] = /^ENV HAWSER_ADDRESS=(.*)$/m.exec(read("greeter/Dockerfile")) ?? [];
    const services = ["greeter", "porter"];
    const named = { name: "greeter", services: services.map((name) => ({ name })) };
    const addressOf = addressesOf([], named, { env: { HAWSER_ADDRESS: address } });
    expect(services.map(addressOf)).toEqual([address, address]);
    expect(() => checkApart(addressOf, [{ name: "greeter", services, replicas: 1, after: [] }])).not.toThrow();
  });

  it("tells programs the folder and the files", async () => {
    const { out, err } = await hawser(["new", "greeter", "--json"]);
    const told = JSON.parse(out) as { folder: string; files: string[] };
    expect(told.files.map((file) => join("greeter", file))).toEqual(files());
    expect({ folder: told.folder, err }).toEqual({ folder: join(process.cwd(), "greeter"), err: "" });
  });

  it("takes a folder that is there and empty, and no other", async () => {
    mkdirSync("empty");
    write({ "mine/notes.txt": "", file: "" });
    expect(await hawser(["new", "empty"])).toMatchObject({ code: 0 });
    expect(await hawser(["new", "mine"])).toMatchObject(refused("the folder mine is there and not empty"));
    expect(await hawser(["new", "file"])).toMatchObject(refused("file is there, and no folder"));
    expect(readdirSync("mine")).toEqual(["notes.txt"]);
  });

  it.each(["Greeter", "order_desk", "2nd", "order-2", "-a", "a--b", "../a", "a b", "", "a".repeat(41)])(
    "refuses the name %j, and writes nothing",
    async (name) => {
      expect(await hawser(["new", "--", name])).toMatchObject(refused("like order-desk"));
      expect(files()).toEqual([]);
    },
  );

  it.each(["new", "default", "z", "define-app", "shared", "zod", "hawser"])(
    "refuses the name %s, which means something else",
    async (name) => {
      expect(await hawser(["new", name])).toMatchObject(refused(`${name}: this name has a meaning of its own`));
    },
  );

  it("asks for what is missing, and does not guess what else is meant", async () => {
    expect(await hawser(["new"])).toMatchObject(refused("missing required argument 'name'"));
    expect(await hawser(["new", "service"])).toMatchObject(refused("like: hawser new service billing"));
    expect(await hawser(["new", "server", "billing"])).toMatchObject(refused("expected new <name>"));
  });
});

const app = `import { defineApp } from "hawser";
import { orders } from "./orders.js";

export default defineApp({ name: "shop", services: [orders] });
`;

/** A project by hand, with everything in another place than \`hawser new\` would put it. */
function shop(changed: Readonly<Record<string, string>> = {}): void {
  write({
    "package.json": '{"dependencies":{"zod":"^4.0.0"}}',
    "buf.yaml": "version: v2\nmodules:\n  - path: contracts\n",
    "buf.gen.yaml": "version: v2\nplugins:\n  - local: protoc-gen-hawser\n    out: generated\n",
    "code/main/app.ts": app,
    ...changed,
  });
}

describe("hawser new service", () => {
  it("puts the files where this project has such files, and the service into the app", async () => {
    shop();
    const { code, out, err } = await hawser(["new", "service", "billing", "code/main"]);
    expect({ code, err }).toEqual({
      code: 0,
      err: "then: npm install vitest && npx buf generate && npx hawser run --watch\n",
    });
    expect(out.trimEnd().split("\n")).toEqual([
      "contracts/billing/v1/billing.proto",
      "code/main/billing/billing.ts",
      "test/billing.test.ts",
      "code/main/app.ts",
    ]);
    expect(read("code/main/app.ts")).toBe(`import { defineApp } from "hawser";
import { orders } from "./orders.js";
import { billing } from "./billing/billing.js";

export default defineApp({ name: "shop", services: [orders, billing] });
`);
    expect(read("code/main/billing/billing.ts")).toContain('from "../../../generated/billing/v1/billing.js"');
    expect(read("test/billing.test.ts")).toContain('from "../code/main/app.js"');
  });

  it("tells programs what it wrote, and what it changed", async () => {
    shop();
    const { out } = await hawser(["new", "service", "billing", "code/main/app.ts", "--json"]);
    expect(JSON.parse(out)).toEqual({
      folder: process.cwd(),
      files: ["contracts/billing/v1/billing.proto", "code/main/billing/billing.ts", "test/billing.test.ts"],
      changed: ["code/main/app.ts"],
    });
  });

  it("writes over nothing, and names what is there", async () => {
    shop({ "test/billing.test.ts": "// mine\n" });
    const result = await hawser(["new", "service", "billing", "code/main"]);
    expect(result).toMatchObject(refused("these are there: test/billing.test.ts"));
    expect(files()).not.toContain("contracts/billing/v1/billing.proto");
    expect(read("code/main/app.ts")).toBe(app);
  });

  it("leaves an app file alone that it does not understand, and tells the two lines", async () => {
    const own = app.replace("[orders]", "[orders, ...others]");
    shop({ "code/main/app.ts": own });
    const { code, out, err } = await hawser(["new", "service", "billing", "code/main"]);
    expect({ code, err }).toEqual({
      code: 1,
      err:
        "hawser: code/main/app.ts is left as it is: there is more than names in its list of services; " +
        'write into it: import { billing } from "./billing/billing.js"; and services: [ … , billing]\n',
    });
    expect(out).not.toContain("app.ts");
    expect(files()).toContain("code/main/billing/billing.ts");
    expect(read("code/main/app.ts")).toBe(own);
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ["no generation", { "buf.gen.yaml": "version: v2\n" }, "expected a plugin with local: protoc-gen-hawser"],
    ["no YAML", { "buf.gen.yaml": "a: [" }, "buf.gen.yaml: "],
    ["another language", { "code/main/app.ts": "", "code/main/app.js": "" }, "written in TypeScript"],
  ])("refuses a project with %s, and writes nothing", async (_, changed, message) => {
    shop(changed);
    const before = files();
    const file = "code/main/app.js" in changed ? "code/main/app.js" : "code/main/app.ts";
    expect(await hawser(["new", "service", "billing", file])).toMatchObject(refused(message));
    expect(files()).toEqual(before);
  });

  it("says where it looked for an app, and for what buf does", async () => {
    expect(await hawser(["new", "service", "billing"])).toMatchObject(refused("no app file in this folder"));
    write({ "app.ts": app });
    expect(await hawser(["new", "service", "billing"])).toMatchObject(refused("no buf.gen.yaml in the folders above"));
  });
});
