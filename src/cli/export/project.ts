import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of the project that an app file belongs to: the nearest one with this package installed, or else with a manifest. */
export function projectOf(file: string): string {
  const above = foldersAbove(file);
  const has = (name: string) => above.find((folder) => existsSync(join(folder, name)));
  return has("node_modules/hawser") ?? has("package.json") ?? dirname(file);
}

/** The nearest first. */
function foldersAbove(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...foldersAbove(parent)];
}
