import { OutgoingCall } from "../../../src/client/outgoing-call.js";
import { Metadata, type Method, type Reply } from "../../../src/contract/contract.js";
import { RpcError } from "../../../src/errors/errors.js";
import type { Caller } from "../../../src/transport/caller.js";
import { promise } from "../target.js";

/** A call as its caller sees it: counts how often it was told what, and reads what it is given to read. */
export class WatchedCall implements Caller {
  readonly call: OutgoingCall;
  /** Undefined while it runs; `OK` or the code it failed with. */
  outcome: string | undefined;
  #answers = 0;
  #ends = 0;

  constructor(method: Method, message: object, metadata: Metadata = new Metadata()) {
    this.call = new OutgoingCall(
      method,
      method.requestStream ? both(message) : message,
      metadata,
      undefined,
      undefined,
    );
  }

  resolve(reply: Reply): void {
    this.#answers++;
    for (const _ of reply.header) void _;
    if (this.call.method.responseStream) void this.#read(reply);
    else this.#over("OK", reply);
  }

  reject(error: RpcError): void {
    this.#answers++;
    this.#over(codeOf(error));
  }

  ended(): void {
    this.#ends++;
  }

  /** @throws where it was told nothing, or something twice */
  check(): void {
    const { fullName } = this.call.method;
    promise(this.#answers === 1, `${fullName} was answered ${this.#answers} times`);
    promise(this.#ends === 1, `${fullName} was told its end ${this.#ends} times`);
    promise(this.outcome !== undefined, `the responses of ${fullName} have no end`);
  }

  async #read(reply: Reply): Promise<void> {
    try {
      for await (const _ of reply.message as AsyncIterable<unknown>) void _;
      this.#over("OK", reply);
    } catch (error) {
      this.#over(codeOf(error));
    }
  }

  #over(outcome: string, reply?: Reply): void {
    for (const _ of reply?.trailer() ?? []) void _;
    this.outcome ??= outcome;
  }
}

async function* both(message: object): AsyncGenerator<object> {
  yield message;
  yield message;
}

function codeOf(error: unknown): string {
  promise(error instanceof RpcError, `a call failed with what is no RpcError: ${error}`);
  return String(error.code);
}
