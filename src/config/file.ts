import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import type { Document, LineCounter, Pair } from "yaml";
import { ConfigError } from "./config-error.js";
import { isPlainObject } from "./plain-object.js";
import type { ConfigSource, Section } from "./source.js";

const extensions = [".yaml", ".yml", ".json"];

/**
 * A mapping of sections, in YAML 1.2 (and `<<` merges) or JSON. A file or a section with nothing in it says nothing.
 *
 * @throws ConfigError where it cannot be read, with line and column where it is no YAML
 */
export async function fileSource(path: string): Promise<ConfigSource> {
  const name = `file ${path}`;
  if (!extensions.includes(extname(path))) throw broken(name, `expected a name that ends in ${extensions.join(", ")}`);
  const text = await readText(path, name);
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: "error" });
  const problem = document.errors[0] ?? document.warnings[0]; // a tag that nobody knows is but a warning
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw broken(`${name}:${line}:${col}`, problem.message);
  }
  const where = (key: readonly string[]): string => name + lineOf(document, lines, key);
  return { name, text: false, sections: sectionsOf(document, name, where), where };
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw broken(name, code === "ENOENT" ? `there is no ${resolve(path)}` : `it cannot be read: ${message}`, cause);
  }
}

function sectionsOf(document: Document, name: string, where: ConfigSource["where"]): Record<string, Section> {
  const all = contentOf(document, name) ?? {};
  if (!isPlainObject(all)) throw broken(name, `expected a mapping of sections, { shared: {…}, … }, was ${kind(all)}`);
  const sections = Object.entries(all).map(([section, values]) => [section, values ?? {}] as const);
  const wrong = sections.filter(([, values]) => !isPlainObject(values));
  if (wrong.length === 0) return Object.fromEntries(sections) as Record<string, Section>;
  throw new ConfigError(
    wrong.map(([key, values]) => {
      const source = where([key]);
      return { key, source, text: `${key} (${source}): expected a mapping of keys, was ${kind(values)}` };
    }),
  );
}

/** @throws ConfigError for aliases that multiply beyond all measure */
function contentOf(document: Document, name: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw broken(name, (cause as Error).message, cause);
  }
}

/** `:7`; empty where the file does not say the key in so many words. */
function lineOf(document: Document, lines: LineCounter, path: readonly string[]): string {
  const map = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const pairs = (map as { readonly items?: readonly Pair[] } | undefined)?.items ?? [];
  const key = pairs
    .map((pair) => pair.key as { readonly value?: unknown; readonly range?: [number] } | null)
    .find((each) => String(each?.value) === path.at(-1));
  return key?.range === undefined ? "" : `:${lines.linePos(key.range[0]).line}`;
}

function kind(value: unknown): string {
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

function broken(source: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError([{ key: "", source, text: `${source}: ${reason}` }], cause === undefined ? {} : { cause });
}
