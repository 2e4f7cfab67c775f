import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "../failure.js";

/** Imports a file of the user's, TypeScript too where tsx is installed. @throws Error that names what is wrong */
export async function loadModule(path: string): Promise<{ readonly [name: string]: unknown }> {
  if (/\.[cm]?ts$/.test(path)) await registerTypeScript(path);
  return await import(pathToFileURL(path).href);
}

async function registerTypeScript(path: string): Promise<void> {
  const api = typeScriptLoader(path) ?? typeScriptLoader(import.meta.url);
  if (api === undefined) {
    const name = basename(path);
    const compiled = name.replace(/ts$/, "js");
    throw new AppError(`${name} is TypeScript: npm install --save-dev tsx, or compile it and give ${compiled}`);
  }
  const { register } = (await import(pathToFileURL(api).href)) as { register(): void };
  register();
}

/** tsx as it is installed beside a file. `require.resolve` would find the half of it that is meant for CommonJS. */
function typeScriptLoader(from: string): string | undefined {
  try {
    const manifest = createRequire(from).resolve("tsx/package.json");
    const { exports } = JSON.parse(readFileSync(manifest, "utf8"));
    return join(dirname(manifest), exports["./esm/api"].import.default);
  } catch {
    return undefined;
  }
}
