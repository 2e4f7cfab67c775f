import { inspect, isDeepStrictEqual } from "node:util";
import { type Call, ContextKey, type Method } from "../contract/contract.js";
import { Code, codeName } from "../errors/errors.js";
import type { CallRecord } from "./call-record.js";

/** The work being done for a call, for the calls it makes. */
export const execution: ContextKey<Execution | undefined> = new ContextKey("hawser.testing.execution", undefined);

/** Which call an attempt belongs to. */
export const logicalCall: ContextKey<LogicalCall | undefined> = new ContextKey("hawser.testing.logicalCall", undefined);

/**
 * One call as its maker means it, however often it is sent and carried out. A handler that is run again for the same call
 * makes the same calls again: its first `reserve` of the same articles is one logical call with its first `reserve` of
 * the last time.
 */
export class LogicalCall {
  readonly from: string;
  readonly to: string;
  readonly method: Method;
  readonly executions: Execution[] = [];
  readonly #made = new Map<string, LogicalCall>();

  constructor(from: string, to: string, method: Method) {
    this.from = from;
    this.to = to;
    this.method = method;
  }

  /** A handler works on it. */
  carriedOut(record: CallRecord): Execution {
    const made = new Execution(this, record);
    this.executions.push(made);
    return made;
  }

  /** @param key who is asked what, and for the how-manieth time */
  made(key: string, make: () => LogicalCall): LogicalCall {
    const call = this.#made.get(key) ?? make();
    this.#made.set(key, call);
    return call;
  }
}

/** What one run of a handler came to. */
export class Execution {
  readonly of: LogicalCall;
  /** The attempt that brought it. */
  readonly record: CallRecord;
  readonly responses: unknown[] = [];
  readonly #asked = new Map<string, number>();
  #code: Code | undefined;

  constructor(of: LogicalCall, record: CallRecord) {
    this.of = of;
    this.record = record;
  }

  get succeeded(): boolean {
    return this.#code === Code.OK;
  }

  ended(code: Code): void {
    this.#code ??= code;
  }

  /** For people: `{ orderId: '1' }`, or `NOT_FOUND`. */
  get answer(): string {
    if (this.#code === undefined) return "no end";
    if (!this.succeeded) return codeName(this.#code);
    const shown = inspect(this.of.method.responseStream ? this.responses : this.responses[0], {
      breakLength: Infinity,
    });
    return shown.length > 200 ? `${shown.slice(0, 200)}…` : shown;
  }

  /** A call that the handler makes. */
  make(from: string, to: string, call: Call): LogicalCall {
    const key = `${to} ${call.method.fullName} ${fingerprint(call)}`;
    const before = this.#asked.get(key) ?? 0;
    this.#asked.set(key, before + 1);
    return this.of.made(`${key} ${before}`, () => new LogicalCall(from, to, call.method));
  }

  /** Whether it came to the same as one before that succeeded; whoever was cut short says nothing. */
  agreesWith(before: Execution): boolean {
    if (this.#code === undefined || cutShort.has(this.#code)) return true;
    return this.succeeded && isDeepStrictEqual(this.responses, before.responses);
  }
}

const cutShort: ReadonlySet<Code> = new Set([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.CANCELLED]);

/** Of what is asked; nothing is known of a stream before it has gone through. */
function fingerprint({ method, message }: Call): string {
  if (method.requestStream) return "";
  try {
    const bytes = method.request.encode(method.request.fromPartial(message)).finish();
    return Buffer.from(bytes).toString("base64");
  } catch {
    return "";
  }
}
