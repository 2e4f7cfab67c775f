import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installPacked } from "../support/packed-hawser.js";

let folder: string;
let project: string;

/** Runs a command that is installed in the project, in it. */
async function run(command: string, ...args: readonly string[]): Promise<string> {
  const bin = join(folder, "node_modules/.bin");
  const env = { HOME: process.env["HOME"], PATH: `${bin}${delimiter}${process.env["PATH"]}`, NO_COLOR: "1" };
  const { stdout } = await promisify(execFile)(command, args, { cwd: project, env });
  return stdout;
}

/** With names of several words, which are spelled otherwise in every language; docs/getting-started.md has one of a single word. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-new-"));
  await installPacked(folder);
  project = folder;
  await run("hawser", "new", "order-books");
  project = join(folder, "order-books");
  await symlink(join(folder, "node_modules"), join(project, "node_modules"));
  await run("hawser", "new", "service", "user-service");
  await run("buf", "generate");
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a project of hawser new, with another service added to it", { timeout: 120_000 }, () => {
  it("has contracts that pass buf's standard rules", async () => {
    expect(await run("buf", "lint")).toBe("");
    expect(await run("buf", "format", "--diff", "--exit-code")).toBe("");
  });

  it("passes a strict compiler, and its own tests", async () => {
    expect(await run("tsc")).toBe("");
    expect(await run("vitest", "run")).toMatch(/Tests {2}6 passed \(6\)/);
  });

  it("is an app, as it is written and as it is compiled", async () => {
    await run("tsc", "-p", "tsconfig.build.json");
    const services = [
      { name: "order-books", contracts: ["order_books.v1.OrderBooksService"] },
      { name: "user-service", contracts: ["user_service.v1.UserService"] },
    ];
    for (const app of ["src/app.ts", "dist/app.js"]) {
      expect(JSON.parse(await run("hawser", "outline", app, "--json"))).toMatchObject({
        name: "order-books",
        services,
      });
    }
  });
});
