import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../failure.js";
import { manifestOf } from "./manifest.js";
import { namesOf } from "./names.js";
import { byPath, filesOf } from "./templates.js";
import { writeNew } from "./write-new.js";

/**
 * Makes a project with one service in a folder of its own.
 *
 * @param name of folder, app and service
 * @param parent where the folder goes
 * @returns the files, relative to the new folder
 * @throws UsageError for a name that cannot be, and where there is something in that folder; nothing is written then
 */
export async function newProject(name: string, parent: string): Promise<readonly string[]> {
  const names = namesOf("new project", name);
  const root = join(parent, name);
  await checkEmpty(root, name);
  const manifest = { path: "package.json", content: manifestOf(name) };
  const files = [...filesOf("project", names), manifest, ...filesOf("service", names)].sort(byPath);
  await writeNew(root, files);
  return files.map(({ path }) => path);
}

async function checkEmpty(folder: string, name: string): Promise<void> {
  const entries = await readdir(folder).catch((reason: NodeJS.ErrnoException) => {
    if (reason.code === "ENOENT") return [];
    if (reason.code === "ENOTDIR") throw new UsageError(`${name} is there, and no folder; give another name`);
    throw reason;
  });
  if (entries.length > 0) throw new UsageError(`the folder ${name} is there and not empty; give another name`);
}
