import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findApp } from "../../../src/cli/app/find-app.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-find-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function given(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), "");
  }
}

describe("the app file", () => {
  it("is the one that is named, from the current folder on", async () => {
    await given("shop/main.ts");
    expect(await findApp("shop/main.ts", folder)).toBe(join(folder, "shop/main.ts"));
    expect(await findApp(join(folder, "shop/main.ts"), "/")).toBe(join(folder, "shop/main.ts"));
  });

  it("is looked for in a folder, and in the current one where none is named", async () => {
    await given("shop/app.ts");
    expect(await findApp("shop", folder)).toBe(join(folder, "shop/app.ts"));
    expect(await findApp(undefined, join(folder, "shop"))).toBe(join(folder, "shop/app.ts"));
  });

  it.each([
    [["app.js", "app.ts"], "app.ts"],
    [["src/app.ts", "app.mjs"], "app.mjs"],
    [["dist/app.js", "src/app.js"], "src/app.js"],
    [["dist/app.js"], "dist/app.js"],
  ])("of %j is %s", async (names, expected) => {
    await given(...names);
    expect(await findApp(undefined, folder)).toBe(join(folder, expected));
  });

  it("is no folder of that name", async () => {
    await given("app.ts/readme.md", "src/app.ts");
    expect(await findApp(undefined, folder)).toBe(join(folder, "src/app.ts"));
  });

  it("is asked for where there is none", async () => {
    await mkdir(join(folder, "shop"));
    await expect(findApp("shop", folder)).rejects.toThrow(
      /^no app file in shop: looked for app\.ts, .*dist\/app\.js; try: hawser run path\/to\/app\.ts$/,
    );
    await expect(findApp(undefined, folder)).rejects.toThrow("no app file in this folder: ");
    await expect(findApp("nope.ts", folder)).rejects.toThrow("nope.ts: there is no such file or folder");
  });
});
