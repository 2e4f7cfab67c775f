import { setMaxListeners } from "node:events";
import { type Random, sleep, systemClock } from "../../src/time/time.js";

/** Of one call; times are of `performance.now()`. */
interface Failure {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly reason: string;
}

export interface CallersOptions {
  readonly count: number;
  /** How long a caller thinks between two calls, in ms: many callers are not to fill the machine. */
  readonly thinkMs: number;
  readonly random: Random;
}

/** People who make a call, one after the other, until they are stopped; each caller has a number. */
export class Callers {
  calls = 0;
  readonly #failures: Failure[] = [];
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #done: Promise<unknown>;

  /** @param call safe to repeat; rejects where it failed */
  constructor(call: (caller: number) => Promise<void>, { count, thinkMs, random }: CallersOptions) {
    setMaxListeners(0, this.#stop.signal); // every caller that thinks listens
    const one = async (caller: number): Promise<void> => {
      await sleep(systemClock, random() * thinkMs, this.#stop.signal); // not all at once
      await this.#keepCalling(() => call(caller), thinkMs);
    };
    this.#done = Promise.all(Array.from({ length: count }, (_, caller) => one(caller)));
  }

  get failed(): number {
    return this.#failures.length;
  }

  /** What the first calls that failed said. */
  get complaints(): readonly string[] {
    return this.#failures.slice(0, 5).map(({ reason }) => reason);
  }

  /** What the calls said that failed and both began and ended between the two. */
  failedWithin(fromMs: number, toMs: number): readonly string[] {
    const within = this.#failures.filter(({ beganMs, endedMs }) => beganMs >= fromMs && endedMs <= toMs);
    return within.map(({ reason }) => reason);
  }

  /** Resolves once so many more calls have ended. */
  more(calls: number): Promise<void> {
    const enough = this.calls + calls;
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.calls < enough && !this.#stop.signal.aborted) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Lets the calls that run end. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #keepCalling(call: () => Promise<void>, thinkMs: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const beganMs = performance.now();
      try {
        await call();
      } catch (reason) {
        this.#failures.push({ beganMs, endedMs: performance.now(), reason: String(reason) });
      }
      this.calls++;
      for (const check of [...this.#waiting]) check();
      await sleep(systemClock, thinkMs, this.#stop.signal);
    }
  }
}
