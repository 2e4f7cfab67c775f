import { randomUUID } from "node:crypto";
import { Code, codeFromNumber, codeName } from "./code.js";
import type { DetailType, ErrorDetail } from "./detail.js";

export interface RpcErrorOptions {
  /** Typed details that cross the wire; see `detail()`. Default: none. */
  readonly details?: readonly ErrorDetail[];
  /** What led here. Stays in this process: it goes to the log, never on the wire. */
  readonly cause?: unknown;
  /** The error came over the wire from another service. Default: false. */
  readonly remote?: boolean;
  /** No handler saw the call: it was never sent, or refused before processing. Safe to repeat elsewhere. Default: false. */
  readonly unprocessed?: boolean;
  /**
   * The server's word on repeating the call: not before so many ms, or never where it is negative (gRFC A6,
   * `grpc-retry-pushback-ms`). A client that has repeated in vain says "never" to those above it. Default: no word.
   */
  readonly retryPushbackMs?: number;
  /** Names the line in this process's log that tells what the message keeps back. Default: none. */
  readonly errorId?: string;
}

const brand = "hawser.RpcError";

/**
 * The one error of Hawser. A handler throws it, a caller catches it, in process and over the wire alike:
 * code, message and details cross services; cause and stack stay where they arose.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: Code;
  readonly details: readonly ErrorDetail[];
  readonly remote: boolean;
  readonly unprocessed: boolean;
  readonly retryPushbackMs: number | undefined;
  readonly errorId: string | undefined;
  readonly "hawser.RpcError" = true;

  /** @param code `OK`, or a number gRPC does not know, becomes UNKNOWN: no failure may look like success */
  constructor(code: Code, message: string, options: RpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = codeFromNumber(code) || Code.UNKNOWN;
    this.details = options.details ?? [];
    this.remote = options.remote ?? false;
    this.unprocessed = options.unprocessed ?? false;
    this.retryPushbackMs = options.retryPushbackMs;
    this.errorId = options.errorId;
  }

  /** The first detail of the given type, decoded; undefined where there is none or its bytes do not parse. */
  detail<T>(type: DetailType<T>): T | undefined {
    const found = this.details.find((each) => each.type === type.$type);
    if (found === undefined) return undefined;
    try {
      return type.decode(found.value);
    } catch {
      return undefined;
    }
  }

  /** `NOT_FOUND: no order 17` */
  override toString(): string {
    return `${codeName(this.code)}: ${this.message}`;
  }

  /** Two copies of Hawser in one process recognise each other's errors. A subclass knows its own alone. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this method
    if (this !== RpcError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && (value as { [brand]?: unknown })[brand] === true;
  }

  /**
   * Makes an `RpcError` of anything thrown. An `RpcError` stays itself; an `AbortError` is CANCELLED; all else becomes
   * UNKNOWN with a neutral text and an error id, so that no secret of this process leaves it: the cause holds the rest.
   */
  static from(reason: unknown): RpcError {
    if (reason instanceof RpcError) return reason;
    if (reason instanceof Error && reason.name === "AbortError") {
      return new RpcError(Code.CANCELLED, "the call was cancelled", { cause: reason });
    }
    const errorId = randomUUID();
    return new RpcError(Code.UNKNOWN, `unknown error (error id ${errorId})`, { cause: reason, errorId });
  }
}
