import { type AbortSource, abortSource, type Call } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Clock, Timer } from "../time/time.js";

/**
 * Watches over one outgoing call: ends it when its deadline passes or its signal aborts. One object and at most one
 * timer a call; a call with neither costs nothing more.
 */
export class CallGuard {
  readonly #call: Call;
  readonly #end: (error: RpcError) => void;
  #timer: Timer | undefined;
  #source: AbortSource | undefined;

  /** @param end called at most once, and not after `release()` */
  constructor(call: Call, clock: Clock, end: (error: RpcError) => void) {
    this.#call = call;
    this.#end = end;
    const { deadline } = call;
    if (deadline !== undefined && deadline !== Number.POSITIVE_INFINITY) {
      this.#timer = clock.timer(Math.max(0, deadline - clock.now()), () => this.#fire(deadlineExceeded(call)));
    }
    this.#source = abortSource(call);
    this.#source?.addEventListener("abort", this);
  }

  /** What already forbids the call to begin. */
  static refusal(call: Call, clock: Clock): RpcError | undefined {
    if (abortSource(call)?.aborted) return cancelled(call);
    if (call.deadline !== undefined && call.deadline <= clock.now()) return deadlineExceeded(call);
    return undefined;
  }

  /** For `addEventListener`. */
  handleEvent(): void {
    this.#fire(cancelled(this.#call));
  }

  /** The call has ended. */
  release(): void {
    this.#timer?.cancel();
    this.#source?.removeEventListener("abort", this);
    this.#source = undefined;
  }

  #fire(error: RpcError): void {
    this.release();
    this.#end(error);
  }
}

function deadlineExceeded(call: Call): RpcError {
  const where = call.instance === undefined ? "" : ` (attempt ${call.attempt} at ${call.instance.id})`;
  return new RpcError(Code.DEADLINE_EXCEEDED, `${call.method.fullName}: the deadline passed${where}`);
}

/** An `RpcError` given to `abort()` is the reason itself: the deadline of a caller stays a deadline. */
function cancelled(call: Call): RpcError {
  const reason = abortSource(call)?.reason;
  if (reason instanceof RpcError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new RpcError(Code.DEADLINE_EXCEEDED, `${call.method.fullName}: ${reason.message}`, { cause: reason });
  }
  return new RpcError(Code.CANCELLED, `${call.method.fullName}: cancelled by the caller`, { cause: reason });
}
