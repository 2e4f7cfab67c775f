import type { Call } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Clock } from "../time/time.js";
import { CallGuard } from "../transport/call-guard.js";

/** Calls that wait, each until its time has come, or its call ends, or all is over. */
export class CallWait {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves after `ms`.
   *
   * @throws RpcError DEADLINE_EXCEEDED or CANCELLED where the call ends before, UNAVAILABLE where the app is closed
   */
  for(call: Call, ms: number): Promise<void> {
    const refusal = this.#closed ? overFor(call) : CallGuard.refusal(call, this.#clock);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const timer = ms === Number.POSITIVE_INFINITY ? undefined : this.#clock.timer(ms, () => end(resolve));
      const guard = new CallGuard(call, this.#clock, (error) => end(() => reject(error)));
      const close = (): void => end(() => reject(overFor(call)));
      const end = (settle: () => void): void => {
        timer?.cancel();
        guard.release();
        this.#waiting.delete(close);
        settle();
      };
      this.#waiting.add(close);
    });
  }

  /** As `for()` where the time never comes. */
  async forEver(call: Call): Promise<never> {
    await this.for(call, Number.POSITIVE_INFINITY);
    throw overFor(call);
  }

  close(): void {
    this.#closed = true;
    for (const close of [...this.#waiting]) close();
  }
}

function overFor({ method }: Call): RpcError {
  return new RpcError(Code.UNAVAILABLE, `${method.fullName}: the app was closed`);
}
