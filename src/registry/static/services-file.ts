import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Document, LineCounter } from "yaml";
import type { Instance } from "../../contract/contract.js";
import { EntryError, readEntries } from "./entries.js";

/**
 * Reads a file of the shape of `StaticServices`, in YAML 1.2 (and `<<` merges) or JSON. A file with nothing in it is one that
 * is just being written, and no empty list: that is `{}`.
 *
 * @throws TypeError naming the file, the line where there is one, and the reason
 */
export async function readServicesFile(path: string): Promise<readonly Instance[]> {
  const text = await readText(path);
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: "error" });
  const problem = document.errors[0] ?? document.warnings[0]; // a tag that nobody knows is but a warning
  if (problem !== undefined) throw broken(path, lines.linePos(problem.pos[0]).line, problem.message);
  if (document.contents === null) throw broken(path, undefined, "it is empty; {} says that nobody is there");
  try {
    return readEntries(document.toJS());
  } catch (error) {
    if (!(error instanceof EntryError)) throw broken(path, undefined, (error as Error).message); // aliases without end
    throw broken(path, lineOf(document, lines, error.path), `${written(error.path)}${error.message}`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw broken(path, undefined, code === "ENOENT" ? `there is no ${resolve(path)}` : `it cannot be read: ${message}`);
  }
}

/** Of the node itself, or of the nearest around it that the file says in so many words. */
function lineOf(document: Document, lines: LineCounter, path: EntryError["path"]): number | undefined {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as { readonly range?: readonly number[] } | undefined;
    if (node?.range?.[0] !== undefined) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

/** `orders[1].weight: ` */
export function written(path: EntryError["path"]): string {
  const steps = path.map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${step}`));
  return steps.length === 0 ? "" : `${steps.join("")}: `;
}

function broken(path: string, line: number | undefined, reason: string): TypeError {
  return new TypeError(`${path}${line === undefined ? "" : `:${line}`}: ${reason}`);
}
