import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../failure.js";
import type { NewFile } from "./templates.js";

/** Writes files into a project. @throws UsageError, with nothing written, where one of them is there */
export async function writeNew(root: string, files: readonly NewFile[]): Promise<void> {
  const there = files.map(({ path }) => path).filter((path) => existsSync(join(root, path)));
  if (there.length > 0) throw new UsageError(`nothing is written over, and these are there: ${there.join(", ")}`);
  for (const { path, content } of files) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { flag: "wx" });
  }
}
