import type { Call, Invoke, Middleware, Reply } from "../contract/contract.js";
import type { Clock, Random } from "../time/time.js";
import { act } from "./act.js";
import type { CallRecord } from "./call-record.js";
import { CallWait } from "./call-wait.js";
import type { Edge, InjectedFault, Trouble } from "./fault.js";

/** The faults that are at work, and the calls that meet them. */
export class FaultBox {
  readonly #random: Random;
  readonly #wait: CallWait;
  readonly #faults = new Set<ActiveFault>();

  constructor(clock: Clock, random: Random) {
    this.#random = random;
    this.#wait = new CallWait(clock);
  }

  inject(fault: Edge & Trouble): InjectedFault {
    const active = new ActiveFault(fault, this.#random, () => this.#faults.delete(active));
    this.#faults.add(active);
    return active;
  }

  /** The first injected is the outermost. */
  readonly between = (record: CallRecord): Middleware => {
    return (next) => (call) => this.#meet([...this.#faults], record, call, next);
  };

  /** Calls that wait for what never comes end now. */
  close(): void {
    this.#wait.close();
  }

  #meet(faults: readonly ActiveFault[], record: CallRecord, call: Call, next: Invoke): Promise<Reply> {
    const [first, ...rest] = faults;
    if (first === undefined) return next(call);
    const through: Invoke = (going) => this.#meet(rest, record, going, next);
    if (!first.hit(record, call)) return through(call);
    record.faulty = true;
    return act(first.trouble, call, through, this.#wait);
  }
}

class ActiveFault implements InjectedFault {
  readonly trouble: Edge & Trouble;
  readonly #random: Random;
  readonly #onEnd: () => void;
  #hits = 0;

  constructor(trouble: Edge & Trouble, random: Random, onEnd: () => void) {
    this.trouble = trouble;
    this.#random = random;
    this.#onEnd = onEnd;
  }

  get hits(): number {
    return this.#hits;
  }

  /** Whether this attempt meets it; the last one that may takes it away. */
  hit(record: CallRecord, call: Call): boolean {
    const { times = Number.POSITIVE_INFINITY, probability = 1 } = this.trouble;
    if (!this.#concerns(record, call) || this.#hits >= times) return false;
    if (probability < 1 && this.#random() >= probability) return false;
    this.#hits++;
    if (this.#hits === times) this.remove();
    return true;
  }

  remove(): void {
    this.#onEnd();
  }

  [Symbol.dispose](): void {
    this.remove();
  }

  #concerns(record: CallRecord, { method }: Call): boolean {
    const { from, to, method: name, duplicate, afterMessages } = this.trouble;
    if (from !== undefined && from !== record.from) return false;
    if (to !== undefined && to !== record.to) return false;
    if (name !== undefined && name !== method.localName) return false;
    if (duplicate === true && method.requestStream) return false;
    return afterMessages === undefined || method.responseStream;
  }
}
