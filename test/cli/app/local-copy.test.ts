import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localCopy } from "../../../src/cli/app/local-copy.js";

const repository = resolve(import.meta.dirname, "../../..");
let project: string;
let app: string;
let copy: string;

beforeEach(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), "hawser-copy-")));
  app = join(project, "src/app.ts");
  copy = join(project, "node_modules/hawser");
  await mkdir(join(project, "node_modules"));
});
afterEach(() => rm(project, { recursive: true }));

describe("the copy of Hawser in an app's project", () => {
  it("is the one to go on with where it is another", async () => {
    await mkdir(join(copy, "dist/cli"), { recursive: true });
    await writeFile(join(copy, "package.json"), '{"name":"hawser","exports":{"./package.json":"./package.json"}}');
    expect(await localCopy(app)).toBeUndefined(); // it has no such command
    await writeFile(join(copy, "dist/cli/run.js"), "");
    expect(await localCopy(app)).toBe(join(copy, "dist/cli/run.js"));
  });

  it("is this one where it is linked here, or where the app is in our own repository", async () => {
    await symlink(repository, copy);
    expect(await localCopy(app)).toBeUndefined();
    expect(await localCopy(join(repository, "examples/shop/app.ts"))).toBeUndefined();
  });

  it("is none where nothing is installed", async () => {
    expect(await localCopy(app)).toBeUndefined();
  });
});
