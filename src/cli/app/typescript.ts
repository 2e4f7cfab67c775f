import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "../failure.js";

/** What loads TypeScript is one for the whole process. */
let registered = false;

/** Lets this process import TypeScript files. @throws AppError where tsx is neither in the file's project nor beside Hawser */
export async function registerTypeScript(path: string): Promise<void> {
  if (registered) return;
  const api = typeScriptLoader(path, [path, import.meta.url]);
  const { register } = (await import(pathToFileURL(api).href)) as { register(): void };
  register(); // not `tsImport`: what it loads is a copy of everything, of Hawser too
  registered = true;
}

/**
 * The first tsx that is installed beside one of these.
 *
 * @param path the file that needs it
 * @param places files, or URLs of files
 * @throws AppError where there is none
 */
export function typeScriptLoader(path: string, places: readonly string[]): string {
  for (const place of places) {
    const found = installed(place);
    if (found !== undefined) return found;
  }
  const name = basename(path);
  const compiled = name.replace(/ts$/, "js");
  throw new AppError(`${name} is TypeScript: npm install --save-dev tsx, or compile it and give ${compiled}`);
}

/** `require.resolve("tsx/esm/api")` would find the half of it that is meant for CommonJS. */
function installed(place: string): string | undefined {
  try {
    const manifest = createRequire(place).resolve("tsx/package.json");
    const { exports } = JSON.parse(readFileSync(manifest, "utf8"));
    return join(dirname(manifest), exports["./esm/api"].import.default);
  } catch {
    return undefined;
  }
}
