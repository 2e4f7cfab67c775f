import { stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { UsageError } from "../failure.js";

/** Where an app file is looked for in a folder, in this order. */
const usual = [
  "app.ts",
  "app.mts",
  "app.js",
  "app.mjs",
  "src/app.ts",
  "src/app.mts",
  "src/app.js",
  "src/app.mjs",
  "dist/app.js",
];

/**
 * The file that exports the app.
 *
 * @param argument a file, or a folder it is looked for in. Default: the current folder
 * @throws UsageError that says where it was looked for
 */
export async function findApp(argument: string | undefined, cwd: string): Promise<string> {
  const place = resolve(cwd, argument ?? ".");
  const found = await stat(place).catch(() => undefined);
  if (found?.isFile()) return place;
  if (found === undefined) throw new UsageError(`${argument}: there is no such file or folder`);
  for (const name of usual) {
    const file = join(place, name);
    if ((await stat(file).catch(() => undefined))?.isFile()) return file;
  }
  const where = relative(cwd, place) || "this folder";
  throw new UsageError(`no app file in ${where}: looked for ${usual.join(", ")}; try: hawser run path/to/app.ts`);
}
