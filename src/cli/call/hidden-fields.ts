import type { Method } from "../../contract/contract.js";
import { type FieldPath, parsePath } from "../../server/recording/field-path.js";
import { hiddenText } from "../../server/recording/recording.js";
import { UsageError } from "../failure.js";
import type { PlacedLine } from "./recorded-calls.js";
import { checkRequest } from "./requests.js";

/** What a person gave for fields that a recording hides. */
export interface HiddenFields {
  /** Texts by path, as `--set` took them. */
  readonly given: ReadonlyMap<string, string>;
  /** Whether those that were not given are sent empty. */
  readonly empty: boolean;
}

/** @param settings `payment.cardNumber=4111…` each. @throws UsageError for what is no setting */
export function parseSettings(settings: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    settings.map((setting) => {
      const equals = setting.indexOf("=");
      if (equals < 1) throw new UsageError(`--set ${JSON.stringify(setting)}: expected field=value`);
      return [setting.slice(0, equals), setting.slice(equals + 1)];
    }),
  );
}

/**
 * Sees that each call can be made again as it was.
 *
 * @throws UsageError where a request is not whole, naming what is hidden, or where something is given that is not hidden
 */
export function requireWhole(lines: readonly PlacedLine[], fields: HiddenFields): void {
  for (const line of lines) requireRequest(line, fields);
  const hidden = [...new Set(lines.flatMap(({ record }) => record.redacted ?? []))];
  for (const path of fields.given.keys()) {
    if (hidden.includes(path)) continue;
    throw new UsageError(`--set ${path}: nothing hides it; hidden: ${hidden.join(", ") || "nothing"}`);
  }
}

function requireRequest({ place, record }: PlacedLine, { given, empty }: HiddenFields): void {
  const name = `${place} (${record.id})`;
  if (record.unreadable !== undefined) {
    throw new UsageError(`${name} was recorded without its request: ${record.unreadable}`);
  }
  if (record.truncated) throw new UsageError(`${name} was recorded in part: its request was too large`);
  if (record.request === undefined) throw new UsageError(`${name} is no recorded call: it has no request`);
  const missing = (record.redacted ?? []).filter((path) => !given.has(path));
  if (missing.length === 0 || empty) return;
  const wayOut = `give them with --set ${missing[0]}=…, or send them empty with --with-redacted`;
  throw new UsageError(`${name} was recorded without ${missing.join(", ")}; ${wayOut}`);
}

/** The recorded request with what it hides filled in. @throws UsageError where a value does not fit its field */
export function filledRequest({ place, record }: PlacedLine, method: Method, { given }: HiddenFields): unknown {
  const request = structuredClone(record.request);
  for (const path of record.redacted ?? []) {
    const value = given.get(path);
    if (value !== undefined) fill(request, path, value, method);
    else if (valueAt(request, parsePath(path)) === hiddenText) removeAt(request, parsePath(path));
  }
  checkRequest(method, request, `${place} (${record.id})`);
  return request;
}

/** A text stays one where the field takes it, as fields of texts, numbers, bytes and enums do; else it is read as JSON. */
function fill(request: unknown, path: string, text: string, method: Method): void {
  setAt(request, parsePath(path), text);
  const refused = refusal(request, path, method);
  if (refused === undefined) return;
  setAt(request, parsePath(path), asJson(text));
  if (refusal(request, path, method) !== undefined) throw refused;
}

function refusal(request: unknown, path: string, method: Method): unknown {
  try {
    checkRequest(method, request, `--set ${path}: the request`);
    return undefined;
  } catch (reason) {
    return reason;
  }
}

/** The text itself where it is no JSON. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

type Holder = { [key: string | number]: unknown };

/** Undefined where there is nothing. */
export function valueAt(json: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((value, each) => (isHolder(value) ? value[each] : undefined), json);
}

export function removeAt(json: unknown, path: FieldPath): void {
  const holder = valueAt(json, path.slice(0, -1));
  if (isHolder(holder)) delete holder[path.at(-1) as string];
}

/** What holds a hidden field has been recorded. */
function setAt(json: unknown, path: FieldPath, value: unknown): void {
  const holder = valueAt(json, path.slice(0, -1));
  if (isHolder(holder)) holder[path.at(-1) as string] = value;
}

function isHolder(value: unknown): value is Holder {
  return typeof value === "object" && value !== null;
}
