import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Place } from "./profile.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** `src/codec/codec.ts:42`, in what was compiled where the map of it is there. Empty where it is no JavaScript. */
export function sourceOf({ url, line, column }: Place): string {
  if (!url.startsWith("file:")) return url === "" ? "" : `${url}:${line + 1}`;
  const path = fileURLToPath(url);
  const entry = mapOf(path)?.findEntry(line, column);
  if (entry === undefined || !("originalSource" in entry)) return `${relative(root, path)}:${line + 1}`;
  return `${relative(root, resolve(dirname(path), entry.originalSource))}:${entry.originalLine + 1}`;
}

const maps = new Map<string, SourceMap | undefined>();

function mapOf(path: string): SourceMap | undefined {
  if (!maps.has(path)) maps.set(path, readMap(`${path}.map`));
  return maps.get(path);
}

function readMap(path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined; // not every package brings its maps
  }
}
