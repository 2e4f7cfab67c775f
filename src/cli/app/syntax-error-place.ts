import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Where in a user's code something is. */
export interface CodePlace {
  readonly file: string;
  readonly line: number;
}

/** Nobody waits for more to be read. */
const mostFiles = 200;

/**
 * Where a JavaScript file, or one that it imports, is no JavaScript: a `SyntaxError` of `import()` keeps that back. Each is
 * given to `node --check`, which runs nothing of it. Undefined where that finds nothing.
 */
export async function syntaxErrorPlace(file: string): Promise<CodePlace | undefined> {
  const files = new Set([file]);
  for (const each of files) {
    if (files.size > mostFiles) return undefined;
    const place = /\.[cm]?js$/.test(each) ? await check(each) : undefined; // tsx tells where TypeScript is none
    if (place !== undefined) return place;
    for (const imported of await importsOf(each)) files.add(imported);
  }
  return undefined;
}

/** Node prints `file:///app/orders.js:12` first. */
function check(file: string): Promise<CodePlace | undefined> {
  const env = { ...process.env, NODE_OPTIONS: "" };
  return new Promise((done) => {
    execFile(process.execPath, ["--check", file], { env }, (error, _stdout, stderr) => {
      const [, place, line] = /^(.+):(\d+)$/m.exec(stderr) ?? [];
      if (error === null || place === undefined) done(undefined);
      else done({ file: place.startsWith("file:") ? fileURLToPath(place) : place, line: Number(line) });
    });
  });
}

/** The files beside it that it imports; `./orders.js` may be `orders.ts`. */
async function importsOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g)].map(([, specifier]) =>
    resolve(dirname(file), specifier as string),
  );
  return paths.map((path) => (existsSync(path) ? path : path.replace(/js$/, "ts"))).filter((path) => existsSync(path));
}
