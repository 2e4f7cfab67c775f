import type { Instance, Logger } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { RegisterRequest, RegisterResponse } from "../../gen/hawser/registry/v1/registry.js";
import type { Clock } from "../../time/time.js";
import { copyUpdate, fromMessage } from "../instance-message.js";
import type { InstanceTable, TableEntry } from "../instance-table.js";
import { Watchdog } from "../watchdog.js";
import { closing, invalid } from "./failures.js";
import { Interruptible } from "./interruptible.js";

export interface LeaseOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly grant: (askedMs: number) => number;
}

/** One instance in the table for as long as its stream lives and is heard of. */
export class Lease {
  readonly #table: InstanceTable;
  readonly #options: LeaseOptions;
  #instance: Instance | undefined;
  #entry: TableEntry | undefined;

  constructor(table: InstanceTable, options: LeaseOptions) {
    this.#table = table;
    this.#options = options;
  }

  async *hold(requests: AsyncIterable<RegisterRequest>, signal: AbortSignal): AsyncGenerator<RegisterResponse> {
    const { clock, grant, logger } = this.#options;
    let grantedTtlMs = grant(0);
    const reading = new Interruptible(requests);
    // Takes the instance out even while the generator below waits for a caller that does not read.
    const end = (error: RpcError) => {
      this.#entry?.remove();
      reading.interrupt(error);
    };
    const onAbort = () => end(closing());
    const watchdog = new Watchdog(clock, () => end(silence(this.#instance, grantedTtlMs)));
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    watchdog.feed(grantedTtlMs);
    try {
      for await (const request of reading) {
        this.#take(request);
        grantedTtlMs = grant(request.ttlMs);
        watchdog.feed(grantedTtlMs);
        yield { grantedTtlMs };
      }
    } catch (err) {
      if (!signal.aborted) logger.warn({ err, instance: this.#instance?.id }, "a registration failed");
      throw err;
    } finally {
      watchdog.stop();
      signal.removeEventListener("abort", onAbort);
      this.#entry?.remove();
      void reading.return();
    }
  }

  #take({ instance }: RegisterRequest): void {
    if (instance === undefined) {
      if (this.#instance === undefined) {
        throw invalid("the first request of a Register stream must carry the instance");
      }
      return;
    }
    try {
      const next = fromMessage(instance);
      this.#instance = this.#instance === undefined ? next : copyUpdate(this.#instance, next);
    } catch (cause) {
      throw invalid(cause);
    }
    if (this.#entry === undefined) this.#entry = this.#table.put(this.#instance);
    else this.#entry.update(this.#instance);
  }
}

function silence(instance: Instance | undefined, ttlMs: number): RpcError {
  const who = instance === undefined ? "the caller" : `"${instance.id}"`;
  return new RpcError(Code.DEADLINE_EXCEEDED, `${who} was silent for ${ttlMs} ms; register again`);
}
