import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../failure.js";
import type { ExportedFile } from "./process.js";

/**
 * Writes files into a folder, which is made where it is not there.
 *
 * @throws UsageError, with nothing written, where that would change a file that is there and `force` is not given
 */
export async function writeFiles(folder: string, files: readonly ExportedFile[], force: boolean): Promise<void> {
  const changed = await Promise.all(
    files.map(async ({ path, content }) => {
      const present = await readFile(join(folder, path), "utf8").catch(ifMissing);
      return present !== undefined && present !== content;
    }),
  );
  const inTheWay = files.filter((_, index) => changed[index]).map(({ path }) => path);
  if (inTheWay.length > 0 && !force) {
    throw new UsageError(`${folder}: ${inTheWay.join(", ")} would change; give another --out, or --force`);
  }
  for (const { path, content } of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

function ifMissing(reason: NodeJS.ErrnoException): undefined {
  if (reason.code !== "ENOENT") throw reason;
}
