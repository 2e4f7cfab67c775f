import { mkdtempSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/** Folders come and go whole: each step is one that the file system does at once, so that those who do the same meet no half. */

/** Moves a folder to where none is. @returns false where something is there already */
export function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (occupied.has(codeOf(error))) return false;
    throw error;
  }
}

/** Moves a folder out of everybody's way. @returns where it is now; undefined where it is not there any more */
export function movedAside(folder: string): string | undefined {
  let aside: string | undefined;
  try {
    aside = mkdtempSync(join(dirname(folder), ".old-"));
    renameSync(folder, aside);
    return aside;
  } catch (error) {
    if (aside !== undefined) rmdirSync(aside);
    if (codeOf(error) !== "ENOENT") throw error;
    return undefined;
  }
}

/** Removes a folder with all that is in it, and the folder around it where that is empty then. */
export function remove(folder: string): void {
  const aside = movedAside(folder);
  if (aside !== undefined) rmSync(aside, { recursive: true, force: true });
  try {
    rmdirSync(dirname(folder));
  } catch (error) {
    if (!occupied.has(codeOf(error)) && codeOf(error) !== "ENOENT") throw error;
  }
}

/** What the file system says where a folder is not empty. */
const occupied = new Set(["ENOTEMPTY", "EEXIST"]);

/** `ENOENT`; empty where the error is not the file system's. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
