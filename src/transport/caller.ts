import type { Reply } from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";

/** What waits for the answer of one call. */
export interface Caller {
  resolve(reply: Reply): void;
  reject(error: RpcError): void;
  /** The call is over for the caller, whatever its handler still does. */
  ended(): void;
}

/** A caller with a promise, which is let go of once it is settled: a stream may go on for long after that. */
export class PromisedCaller implements Caller {
  readonly ended: () => void;
  #resolve: ((reply: Reply) => void) | undefined;
  #reject: ((error: RpcError) => void) | undefined;

  constructor(resolve: (reply: Reply) => void, reject: (error: RpcError) => void, ended: () => void) {
    this.ended = ended;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resolve(reply: Reply): void {
    this.#resolve?.(reply);
    this.#letGo();
  }

  reject(error: RpcError): void {
    this.#reject?.(error);
    this.#letGo();
  }

  #letGo(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
  }
}
