import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RotatingFile } from "../../../src/server/recording/rotating-file.js";
import { temporaryFolder } from "./recorded.js";

describe("a rotating file", () => {
  it("is followed by another before it becomes too large, and the oldest go", async () => {
    const folder = await temporaryFolder();
    const file = new RotatingFile({ folder, name: "a", maxBytes: 4, maxFiles: 2 });
    for (const text of ["11", "22", "3", "4444444", "5"]) await file.append(text);
    await file.close();
    expect((await readdir(folder)).sort()).toEqual(["a.3.jsonl", "a.4.jsonl"]);
    expect(await readFile(join(folder, "a.3.jsonl"), "utf8")).toBe("4444444");
    expect(await readFile(join(folder, "a.4.jsonl"), "utf8")).toBe("5");
  });

  it("never writes into a file that is there, nor through a link", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a.jsonl"), "somebody's");
    await symlink(join(folder, "elsewhere"), join(folder, "a.2.jsonl"));
    const file = new RotatingFile({ folder, name: "a", maxBytes: 4, maxFiles: 2 });
    await file.append("mine");
    await file.close();
    expect((await readdir(folder)).sort()).toEqual(["a.2.jsonl", "a.3.jsonl", "a.jsonl"]);
    expect(await readFile(join(folder, "a.jsonl"), "utf8")).toBe("somebody's");
  });

  it("begins a new one after a failure", async () => {
    const parent = await temporaryFolder();
    await writeFile(join(parent, "file"), "");
    const file = new RotatingFile({ folder: join(parent, "file"), name: "a", maxBytes: 4, maxFiles: 2 });
    await expect(file.append("x")).rejects.toThrow(/EEXIST|ENOTDIR/);
    await expect(file.append("x")).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});
