import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RotatingFile } from "../../../src/server/recording/rotating-file.js";
import { temporaryFolder } from "./recorded.js";

function given(folder: string, makeRoom = async () => {}) {
  return new RotatingFile({ folder, name: "a", maxBytes: 4, makeRoom });
}

describe("a rotating file", () => {
  it("is followed by another before it becomes too large, and makes room for each", async () => {
    const folder = await temporaryFolder();
    const there: (readonly string[])[] = [];
    const file = given(folder, async () => {
      there.push((await readdir(folder)).sort());
    });
    for (const text of ["11", "22", "3", "4444444"]) await file.append(text);
    await file.close();
    expect(there).toEqual([[], ["a.jsonl"], ["a.2.jsonl", "a.jsonl"]]);
    expect(await readFile(join(folder, "a.jsonl"), "utf8")).toBe("1122");
    expect(await readFile(join(folder, "a.2.jsonl"), "utf8")).toBe("3");
    expect(await readFile(join(folder, "a.3.jsonl"), "utf8")).toBe("4444444");
  });

  it("is not made where there is no room", async () => {
    const folder = await temporaryFolder();
    const file = given(folder, () => Promise.reject(new Error("they stay")));
    await expect(file.append("x")).rejects.toThrow("they stay");
    expect(await readdir(folder)).toEqual([]);
  });

  it("never writes into a file that is there, nor through a link", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a.jsonl"), "somebody's");
    await symlink(join(folder, "elsewhere"), join(folder, "a.2.jsonl"));
    const file = given(folder);
    await file.append("mine");
    await file.close();
    expect((await readdir(folder)).sort()).toEqual(["a.2.jsonl", "a.3.jsonl", "a.jsonl"]);
    expect(await readFile(join(folder, "a.jsonl"), "utf8")).toBe("somebody's");
  });

  it("begins a new one after a failure", async () => {
    const parent = await temporaryFolder();
    await writeFile(join(parent, "file"), "");
    const file = given(join(parent, "file"));
    await expect(file.append("x")).rejects.toThrow(/EEXIST|ENOTDIR/);
    await expect(file.append("x")).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});
