import type { Call } from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";
import type { Clock } from "../time/time.js";
import { CallGuard } from "../transport/call-guard.js";

/** Calls that wait until there is somebody to call. */
export class WaitingCalls {
  readonly #clock: Clock;
  readonly #explain: (reason: RpcError) => RpcError;
  readonly #waiting = new Set<(error?: RpcError) => void>();

  /** @param explain what is said to a call that was waiting in vain */
  constructor(clock: Clock, explain: (reason: RpcError) => RpcError) {
    this.#clock = clock;
    this.#explain = explain;
  }

  /** Resolves with the next `wake()`. @throws RpcError where the call ends first */
  wait(call: Call): Promise<void> {
    const refusal = CallGuard.refusal(call, this.#clock);
    if (refusal !== undefined) return Promise.reject(this.#explain(refusal));
    return new Promise((resolve, reject) => {
      const guard = new CallGuard(call, this.#clock, (error) => {
        this.#waiting.delete(wake);
        reject(this.#explain(error));
      });
      const wake = (error?: RpcError): void => {
        this.#waiting.delete(wake);
        guard.release();
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#waiting.add(wake);
    });
  }

  /** @param error what they fail with, where there will be nobody */
  wake(error?: RpcError): void {
    for (const wake of [...this.#waiting]) wake(error);
  }
}
