import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "../failure.js";
import { moduleFailure } from "./module-failure.js";
import { registerTypeScript } from "./typescript.js";

/**
 * Imports a file of the user's, TypeScript too where tsx is installed. What it imports of Hawser is the very copy that runs
 * here, where both are the same files.
 *
 * @throws AppError where it cannot be loaded as it is written, with file and line; Error where its own code threw
 */
export async function loadModule(path: string): Promise<{ readonly [name: string]: unknown }> {
  if (!/\.(?:m?ts|[cm]?js)$/.test(path)) {
    throw new AppError(`${basename(path)} cannot be loaded: expected a .ts, .mts, .js or .mjs file`);
  }
  if (path.endsWith("ts")) await registerTypeScript(path);
  try {
    return await import(pathToFileURL(path).href);
  } catch (reason) {
    throw await moduleFailure(path, reason);
  }
}
