import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package this file is in: three folders up in `src` and in `dist`. */
const ownPackage = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * The `dist/cli/run.js` of the Hawser that is installed in an app's project, where that is another copy than this one: the
 * app's services are made with it, so the command should go on with it too. Undefined where it is this copy, where the project
 * has none, and where its copy has no such file.
 */
export async function localCopy(appFile: string): Promise<string | undefined> {
  const manifest = installed(appFile);
  if (manifest === undefined) return undefined;
  const folder = await realpath(dirname(manifest));
  const run = join(folder, "dist/cli/run.js");
  return folder === (await realpath(ownPackage)) || !existsSync(run) ? undefined : run;
}

function installed(appFile: string): string | undefined {
  try {
    return createRequire(appFile).resolve("hawser/package.json");
  } catch {
    return undefined;
  }
}
