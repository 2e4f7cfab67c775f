import { readFile } from "node:fs/promises";
import { Code } from "../../errors/errors.js";
import type { RecordingLine } from "../../server/recording/recording.js";
import { UsageError } from "../failure.js";

/** A line of a recording, and where it stands in it. */
export interface PlacedLine {
  /** Where it stands: `orders.jsonl:3`. */
  readonly place: string;
  readonly record: RecordingLine;
}

/**
 * The calls of a recording, in their order.
 *
 * @param id the one that is wanted. Default: all
 * @throws UsageError where the file is not there, a line is no recorded call, or there is none of that id
 */
export async function recordedCalls(path: string, id: string | undefined): Promise<readonly PlacedLine[]> {
  const lines = parse(path, await load(path));
  if (lines.length === 0) throw new UsageError(`--replay ${path}: there is no call in it`);
  if (id === undefined) return lines;
  const found = lines.filter(({ record }) => record.id === id);
  if (found.length === 0) throw new UsageError(`--id ${id}: no such call in ${path}; there: ${firstIds(lines)}`);
  return found;
}

async function load(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "is a folder; give one of its files" : message;
    throw new UsageError(`--replay ${path}: ${why}`, { cause });
  }
}

function parse(path: string, text: string): readonly PlacedLine[] {
  const lines = text.split("\n").map((line, index) => ({ line, place: `${path}:${index + 1}` }));
  return lines
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, place }) => ({ place, record: parseLine(line, place) }));
}

function parseLine(line: string, place: string): RecordingLine {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (cause) {
    throw new UsageError(`${place} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const record = (typeof json === "object" && json !== null ? json : {}) as Partial<RecordingLine>;
  const missing = (["id", "service", "method"] as const).find((name) => typeof record[name] !== "string");
  const wrong = missing ?? (record.code !== undefined && Object.hasOwn(Code, record.code) ? undefined : "code");
  if (wrong === undefined) return { metadata: {}, ...record } as RecordingLine;
  throw new UsageError(`${place} is no recorded call: it has no ${wrong}`);
}

function firstIds(lines: readonly PlacedLine[]): string {
  const shown = lines.slice(0, 5).map(({ record }) => record.id);
  const more = lines.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
