import type { Paint } from "../paint.js";
import { harmless } from "./ansi.js";

/** A log line of pino's, or of whoever writes like it: https://getpino.io/#/docs/api?id=logger */
interface PinoLine {
  readonly level: string | number;
  readonly [field: string]: unknown;
}

const levelNames: { readonly [number: number]: string } = {
  10: "TRACE",
  20: "DEBUG",
  30: "INFO",
  40: "WARN",
  50: "ERROR",
  60: "FATAL",
};

/** Told in other words, or the same in every line: who wrote a line stands in front of it. */
const kept = new Set(["level", "time", "msg", "err", "pid", "hostname", "version", "span_id"]);

/** The line as an object, where it is one of pino's. */
export function parsePinoLine(text: string): PinoLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const line: unknown = JSON.parse(text);
    const { level } = line as { readonly level?: unknown };
    return typeof level === "string" || typeof level === "number" ? (line as PinoLine) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Told for people: `12:00:01.123 INFO  placed order=42`, and below it the stack where it has one.
 *
 * @param known fields that are said already, such as the service
 * @param time when it was read, where it does not say itself when it was written
 */
export function formatPinoLine(
  line: PinoLine,
  known: { readonly [field: string]: unknown },
  time: number,
  paint: Paint,
): readonly string[] {
  const { level, time: written, msg, err } = line;
  const error = typeof err === "object" && err !== null ? (err as { readonly [field: string]: unknown }) : undefined;
  const told = Object.entries(line).filter(([key, value]) => !kept.has(key) && known[key] !== value);
  const fields = told.map(([key, value]) => field(key, key === "trace_id" ? String(value).slice(0, 8) : value, paint));
  const stack = typeof error?.["stack"] === "string" ? error["stack"].split("\n") : [];
  const head = [
    paint.faint(timeOfDay(momentOf(written, time))),
    levelTag(level, paint),
    ...(msg === undefined || msg === "" ? [] : [harmless(String(msg))]),
    ...fields,
    ...(err === undefined ? [] : errorFields(error ?? { message: err }, stack.length > 0, paint)),
  ];
  return [head.join(" "), ...stack.map((each) => `  ${harmless(each)}`)];
}

/** In the time zone of this machine: `12:00:01.123`. */
export function timeOfDay(ms: number): string {
  const date = new Date(ms);
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${hours}:${minutes}:${seconds}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function momentOf(written: unknown, otherwise: number): number {
  const ms = typeof written === "number" || typeof written === "string" ? new Date(written).getTime() : Number.NaN;
  return Number.isNaN(ms) ? otherwise : ms;
}

function levelTag(level: string | number, paint: Paint): string {
  const name = typeof level === "number" ? (levelNames[level] ?? String(level)) : harmless(level).toUpperCase();
  const tag = name.padEnd(5);
  if (name === "ERROR" || name === "FATAL") return paint.bad(tag);
  if (name === "WARN") return paint.warning(tag);
  return name === "INFO" ? paint.good(tag) : paint.faint(tag);
}

/** What a stack does not say: the message where there is none, and what else the error carries, as its `code`. */
function errorFields(error: { readonly [field: string]: unknown }, hasStack: boolean, paint: Paint): readonly string[] {
  const { type: _type, message, stack: _stack, ...rest } = error;
  return [
    ...(hasStack || message === undefined ? [] : [field("err", message, paint)]),
    ...Object.entries(rest).map(([key, value]) => field(`err.${key}`, value, paint)),
  ];
}

/** Text that needs no quotes has none. */
const bare = /^[^\s"=]+$/;

function field(key: string, value: unknown, paint: Paint): string {
  const text = typeof value === "string" && bare.test(value) ? value : JSON.stringify(value);
  return `${paint.faint(`${harmless(key)}=`)}${harmless(text)}`;
}
