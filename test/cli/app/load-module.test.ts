import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { typeScriptLoader } from "../../../src/cli/app/typescript.js";

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, "../../..");

const files = {
  "package.json": '{"type":"module"}',
  "fine.ts": 'import { part } from "./part.js";\nexport const whole: number = part + 1;\n',
  "part.ts": "export const part: number = 1;\n",
  "fine.mjs": "export const whole = 2;\n",
  "syntax.ts": "const a: number = 1;\nconst b = ;\n",
  "imports-broken.js": '// one\nimport "./broken.js";\n',
  "broken.js": "const a = 1;\nconst b = 1;\nconst c = ;\n",
  "no-export.ts": '// one\n\nimport { nope } from "./part.js";\nnope();\n',
  "no-name.js": '// one\nimport { nope } from "./fine.mjs";\nnope();\n',
  "no-package.ts": '// nothing-here\nimport {\n  x,\n} from "nothing-here/x";\nx();\n',
  "no-file.ts": 'import "./part.js";\nimport "./sub/gone.js";\n',
  "no-subpath.ts": 'import "empty/nope";\n',
  "throws.ts":
    "interface A { a: 1 }\n\nfunction connect(url?: string): never {\n  throw new Error('no database ' + url);\n}\nconnect();\n",
  "reference.js": "export const a = 1;\nundefinedThing();\n",
  "json.ts": 'const text: string = "{";\nJSON.parse(text);\n',
  "text.js": 'throw "out of order";\n',
  "refused.ts": `import { memoryTransport } from ${JSON.stringify(join(repository, "src/transport/memory/memory.ts"))};\n\nmemoryTransport({ maxReceiveBytes: 0 });\n`,
  "commonjs/package.json": "{}",
  "commonjs/app.ts": "export const a: number = 1;\n",
  "readme.md": "# no module\n",
  "node_modules/empty/package.json": '{"name":"empty","exports":{".":"./index.js"}}',
};

let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "hawser-module-")));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** In a process of its own, with `folder` as its working directory. */
async function load(
  ...names: readonly string[]
): Promise<readonly { exports?: object; failure?: string; app?: boolean }[]> {
  const fixture = join(repository, "test/cli/app/load-module.fixture.ts");
  const tsx = pathToFileURL(join(repository, "node_modules/tsx/dist/loader.mjs")).href;
  const args = ["--import", tsx, fixture, ...names.map((name) => join(folder, name))];
  const { stdout } = await run(process.execPath, args, { cwd: folder });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("a user's file", { timeout: 60_000 }, () => {
  it("is loaded, TypeScript or JavaScript, with what it imports", async () => {
    expect(await load("fine.ts", "fine.mjs")).toEqual([{ exports: { whole: 2 } }, { exports: { whole: 2 } }]);
  });

  it("that is written wrong is told with file and line, as something to be mended", async () => {
    const told = await load(
      "syntax.ts",
      "broken.js",
      "imports-broken.js",
      "no-export.ts",
      "no-name.js",
      "no-package.ts",
      "no-file.ts",
      "no-subpath.ts",
      "refused.ts",
      "readme.md",
    );
    expect(told.map(({ failure }) => failure)).toEqual([
      'syntax.ts:2:10: Unexpected ";"',
      "broken.js:3: SyntaxError: Unexpected token ';'",
      "broken.js:3: SyntaxError: Unexpected token ';'",
      "no-export.ts:3: SyntaxError: The requested module './part.js' does not provide an export named 'nope'",
      "no-name.js:2: SyntaxError: The requested module './fine.mjs' does not provide an export named 'nope'",
      "no-package.ts:4: Cannot find package 'nothing-here'; is it installed?",
      "no-file.ts:2: Cannot find module 'sub/gone.js'",
      expect.stringMatching(/^no-subpath\.ts:1: Package subpath '\.\/nope' is not defined by "exports" in /),
      "refused.ts:3: maxReceiveBytes: must be positive, was 0",
      "readme.md cannot be loaded: expected a .ts, .mts, .js or .mjs file",
    ]);
    expect(told.map(({ app }) => app)).toEqual(told.map(() => true));
  });

  it("that throws is told with file and line, as something that may go well another time", async () => {
    const told = await load("throws.ts", "reference.js", "json.ts", "text.js");
    expect(told).toEqual([
      { failure: "throws.ts:4: no database undefined", app: false },
      { failure: "reference.js:2: ReferenceError: undefinedThing is not defined", app: false },
      { failure: expect.stringMatching(/^json\.ts:2: SyntaxError: .*JSON/), app: false },
      { failure: "text.js threw 'out of order'", app: false },
    ]);
  });
});

describe("TypeScript", { timeout: 60_000 }, () => {
  it("needs tsx: where there is none, the message says what to do", () => {
    const nowhere = join(tmpdir(), "nowhere/app.ts");
    expect(() => typeScriptLoader(nowhere, [nowhere])).toThrow(
      "app.ts is TypeScript: npm install --save-dev tsx, or compile it and give app.js",
    );
  });

  it("is loaded by the tsx of the project, or else by the one beside Hawser", async () => {
    const own = join(folder, "node_modules/tsx");
    await mkdir(own, { recursive: true });
    const exports = { "./package.json": "./package.json", "./esm/api": { import: { default: "./own.mjs" } } };
    await writeFile(join(own, "package.json"), JSON.stringify({ name: "tsx", exports }));
    const app = join(folder, "app.ts");
    expect(typeScriptLoader(app, [app, import.meta.url])).toBe(join(own, "own.mjs"));
    await rm(own, { recursive: true });
    expect(typeScriptLoader(app, [app, import.meta.url])).toBe(
      join(repository, "node_modules/tsx/dist/esm/api/index.mjs"),
    );
  });

  it("gets the copy of Hawser that runs, not one more", async () => {
    await symlink(repository, join(folder, "node_modules/hawser"));
    await writeFile(join(folder, "same.ts"), 'export { RpcError, Metadata } from "hawser";\n');
    const out = await withPublished(`
      const theirs = await loadModule(${JSON.stringify(join(folder, "same.ts"))});
      console.log(theirs.Metadata === Metadata, theirs.RpcError === RpcError);
    `);
    expect(out).toBe("true true\n");
  });

  it("in a project of CommonJS is told what the project lacks", async () => {
    const out = await withPublished(`
      await loadModule(${JSON.stringify(join(folder, "commonjs/app.ts"))}).catch((reason) => console.log(reason.message));
    `);
    expect(out).toBe('commonjs/app.ts is loaded as CommonJS: its package.json needs "type": "module"\n');
  });
});

/** Runs code with Hawser as it is published, in a process where nothing but Hawser loads TypeScript. */
async function withPublished(code: string): Promise<string> {
  const dist = (path: string): string => JSON.stringify(pathToFileURL(join(repository, "dist", path)).href);
  const main = `
    import { Metadata, RpcError } from ${dist("index.js")};
    import { loadModule } from ${dist("cli/app/load-module.js")};
    ${code}
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", main], { cwd: folder });
  return stdout;
}
