import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";

const repository = resolve(import.meta.dirname, "../../..");

/** The contract as JavaScript: an app file that is no TypeScript either starts in half the time. */
const greeter = ts.transpileModule(
  readFileSync(join(repository, "examples/greeter/gen/greeter/v1/greeter.ts"), "utf8"),
  {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  },
).outputText;

/** What every app file of a test begins with: four lines. @param gen where the contract is, seen from there */
const head = (gen: string): string => `import { defineApp, defineService, httpListener } from "hawser";
import { z } from "zod";
import { GreeterServiceDefinition } from "${gen}";
const says = (text) => ({ sayHello: ({ name }) => ({ text: text + " " + name }) });
`;

/** `front` answers what `words` does; both speak the contract of the greeter. */
export const talk = `
const words = defineService({
  name: "words",
  contract: GreeterServiceDefinition,
  config: z.object({ greeting: z.string().default("Hello"), times: z.number().default(1) }),
  setup: ({ config }) => says(Array(config.times).fill(config.greeting).join(" ")),
});
const front = defineService({
  name: "front",
  contract: GreeterServiceDefinition,
  needs: { words: GreeterServiceDefinition },
  setup: ({ needs }) => ({ sayHello: (request) => needs.words.sayHello(request) }),
});
export default defineApp({ name: "talk", services: [front, words] });
`;

/** A project of a user: a folder with Hawser and a contract in it, and the app files a test writes. */
export class Project implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Project> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "hawser-project-")));
    const modules = join(folder, "node_modules");
    await mkdir(join(modules, "@bufbuild"), { recursive: true });
    await symlink(repository, join(modules, "hawser"));
    for (const name of ["zod", "@bufbuild/protobuf"]) {
      await symlink(join(repository, "node_modules", name), join(modules, name));
    }
    await mkdir(join(folder, "gen/greeter/v1"), { recursive: true });
    await writeFile(join(folder, "gen/greeter/v1/greeter.js"), greeter);
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    return new Project(folder);
  }

  /** Writes an app file whose imports are there already. Resolves with its path. */
  app(source: string, name = "app.mjs"): Promise<string> {
    const up = "../".repeat(name.split("/").length - 1) || "./";
    return this.file(name, head(`${up}gen/greeter/v1/greeter.js`) + source);
  }

  async file(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
