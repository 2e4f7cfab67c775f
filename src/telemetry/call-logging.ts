import type { Call, Logger, Middleware } from "../contract/contract.js";
import { Code, codeName, type RpcError } from "../errors/errors.js";
import { type Clock, systemClock } from "../time/time.js";
import { logFields } from "./logger.js";
import { tracedCall } from "./traced-call.js";
import { WatchedCall } from "./watched-call.js";

export interface CallLoggingOptions {
  readonly logger: Logger;
  /** Whether a fault is told with its cause. `false` where the server's own logger tells it, under the same id. Default: true. */
  readonly causes?: boolean;
  /** Times the calls. Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * Logs one line a call, at its end, on either side: method, code, duration, and whom it came from or went to. `debug` for
 * OK, `info` for business errors, `warn` where a limit or a peer failed, `error` for faults, with their cause. Stands
 * inside `serverTelemetry` or `clientTelemetry().call`, so that its lines name their span.
 */
export function callLogging(options: CallLoggingOptions): Middleware {
  const { logger, causes = true, clock = systemClock } = options;
  return (next) => (call) => new LoggedCall(call, logger, causes, clock).invoke(next);
}

class LoggedCall extends WatchedCall {
  readonly #logger: Logger;
  readonly #causes: boolean;
  readonly #clock: Clock;
  readonly #startedMs: number;

  constructor(call: Call, logger: Logger, causes: boolean, clock: Clock) {
    super(call);
    this.#logger = logger;
    this.#causes = causes;
    this.#clock = clock;
    this.#startedMs = clock.now();
  }

  protected override ended(code: Code, error: RpcError | undefined): void {
    const level = levels[code];
    if (this.#logger.isLevelEnabled?.(level) === false) return;
    const fields = {
      method: this.call.method.fullName,
      code: codeName(code),
      duration_ms: Math.round((this.#clock.now() - this.#startedMs) * 1000) / 1000,
      ...otherEnd(this.call),
      ...(error === undefined ? {} : errorFields(error, this.#causes && level === "error")),
      ...logFields(this.call.values.get(tracedCall)?.span),
    };
    this.#logger[level](fields, "peer" in this.call ? "call served" : "call made");
  }
}

type Level = "debug" | "info" | "warn" | "error";

const levels: Readonly<Record<Code, Level>> = {
  [Code.OK]: "debug",
  [Code.CANCELLED]: "info",
  [Code.UNKNOWN]: "error",
  [Code.INVALID_ARGUMENT]: "info",
  [Code.DEADLINE_EXCEEDED]: "warn",
  [Code.NOT_FOUND]: "info",
  [Code.ALREADY_EXISTS]: "info",
  [Code.PERMISSION_DENIED]: "info",
  [Code.RESOURCE_EXHAUSTED]: "warn",
  [Code.FAILED_PRECONDITION]: "info",
  [Code.ABORTED]: "info",
  [Code.OUT_OF_RANGE]: "info",
  [Code.UNIMPLEMENTED]: "warn",
  [Code.INTERNAL]: "error",
  [Code.UNAVAILABLE]: "warn",
  [Code.DATA_LOSS]: "error",
  [Code.UNAUTHENTICATED]: "info",
};

/** On the server who calls; on the client which instance answers to which attempt, where one has been picked. */
function otherEnd(call: Call): object {
  if ("peer" in call) return { peer: call.peer };
  return call.instance === undefined ? {} : { instance: call.instance.id, attempt: call.attempt };
}

function errorFields(error: RpcError, withCause: boolean): object {
  const fields =
    error.errorId === undefined ? { error: error.message } : { error: error.message, error_id: error.errorId };
  return withCause ? { ...fields, err: error.cause ?? error } : fields;
}
