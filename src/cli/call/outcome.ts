import type { Method } from "../../contract/contract.js";
import { type CodeName, codeName, type RpcError } from "../../errors/errors.js";
import { type FieldPath, formatPath, parsePath } from "../../server/recording/field-path.js";
import type { RecordingLine } from "../../server/recording/recording.js";
import { failureJson, failureLine } from "../failure.js";
import { removeAt } from "./hidden-fields.js";

/** What came of a call that was made again. */
export interface Outcome {
  /** Undefined where it went well. */
  readonly error: RpcError | undefined;
  readonly responses: readonly unknown[];
}

/** How a call went, seen beside how it went when it was recorded. */
export interface Verdict {
  readonly same: boolean;
  /** `same: OK`, `differs: recorded OK, now NOT_FOUND: no order 17` */
  readonly text: string;
  /** The same for programs. */
  readonly json: object;
}

/** A place where two responses are not the same. */
interface Difference {
  readonly field: string;
  readonly recorded: unknown;
  readonly now: unknown;
}

/** Compares status codes, and responses where they were recorded: those of a call that went well both times. */
export function verdict(record: RecordingLine, method: Method, outcome: Outcome): Verdict {
  const code: CodeName = outcome.error === undefined ? "OK" : codeName(outcome.error.code);
  const now = outcome.error === undefined ? { code } : failureJson(outcome.error);
  const line = outcome.error === undefined ? code : failureLine(outcome.error);
  const recorded = { code: record.code, ...(record.message === undefined ? {} : { message: record.message }) };
  const head = { id: record.id, method: record.method };
  if (code !== record.code) {
    const was = record.message === undefined ? record.code : `${record.code}: ${record.message}`;
    return {
      same: false,
      text: `differs: recorded ${was}, now ${line}`,
      json: { ...head, same: false, recorded, now },
    };
  }
  const difference = code === "OK" ? responseDifference(record, method, outcome.responses) : undefined;
  if (difference === undefined)
    return { same: true, text: `same: ${line}`, json: { ...head, same: true, recorded, now } };
  const { field, recorded: was, now: is } = difference;
  return {
    same: false,
    text: `differs: ${field || "the response"}: recorded ${show(was)}, now ${show(is)}`,
    json: { ...head, same: false, recorded, now, difference },
  };
}

function responseDifference(
  record: RecordingLine,
  { response: type, responseStream }: Method,
  responses: readonly unknown[],
): Difference | undefined {
  if (record.response === undefined || record.truncatedResponse) return undefined;
  const written = responseStream ? (record.response as readonly unknown[]) : [record.response];
  try {
    // Both with every field, and without those that were hidden.
    const was = written.map((each) => type.fromJSON(each));
    const is = structuredClone(responses) as unknown[];
    for (const path of record.redactedResponse ?? []) {
      const place = responseStream ? parsePath(path) : [0, ...parsePath(path)];
      for (const side of [was, is]) removeAt(side, place);
    }
    return responseStream ? firstDifference(was, is) : firstDifference(was[0], is[0]);
  } catch {
    return { field: "", recorded: record.response, now: responseStream ? responses : responses[0] }; // of another contract
  }
}

function firstDifference(recorded: unknown, now: unknown, path: FieldPath = []): Difference | undefined {
  if (!isTree(recorded) || !isTree(now) || Array.isArray(recorded) !== Array.isArray(now)) {
    return recorded === now ? undefined : { field: formatPath(path), recorded, now };
  }
  const keys = new Set([...Object.keys(recorded), ...Object.keys(now)]);
  for (const key of keys) {
    const here = [...path, Array.isArray(now) ? Number(key) : key];
    const found = firstDifference(recorded[key], now[key], here);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isTree(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null;
}

/** On one line, and not a long one. */
function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
