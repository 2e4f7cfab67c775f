import { type Backoff, type Clock, exponentialBackoff, type Random, sleep, type Timer } from "../../../time/time.js";

export interface OutageOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether etcd answers now. The signal says that nobody wants to know any more. */
  readonly ask: (signal: AbortSignal) => Promise<boolean>;
}

/** Over how long those who waited are spread, so that the processes of a whole site do not come at once. */
const spreadMs = 300;

/** Who says within this time that it would wait for etcd is told that it is back: it has failed before and not heard yet. */
const justBackMs = 1_000;

/** Away again sooner than this, and the next probe waits for as long as the last did. */
const healthyMs = 10_000;

/** Whether etcd is away, and until when. It is probed while somebody waits for it, and only then. */
export class Outage {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ask: (signal: AbortSignal) => Promise<boolean>;
  readonly #backoff: Backoff;
  readonly #waiting = new Set<() => void>();
  #away = false;
  #backAt = Number.NEGATIVE_INFINITY;
  #probes = 0;
  #probing: AbortController | undefined;

  constructor({ clock, random, ask }: OutageOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#ask = ask;
    // Short next to the loops' own waits, as one probe stands for all of them.
    this.#backoff = exponentialBackoff({ initialMs: 100, maxMs: 1_000, random });
  }

  begin(): void {
    if (this.#away) return;
    this.#away = true;
    if (this.#clock.now() - this.#backAt >= healthyMs) this.#probes = 0;
    this.#probeIfWanted();
  }

  /** etcd has answered, whatever it said. */
  over(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#backAt = this.#clock.now();
    this.#probing?.abort();
    for (const wake of this.#waiting) wake();
  }

  /** As `EtcdApi.untilBack`. */
  untilBack(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      let timer: Timer | undefined;
      const wake = () => {
        this.#waiting.delete(wake);
        timer ??= this.#clock.timer(spreadMs * this.#random(), end);
      };
      const end = () => {
        timer?.cancel();
        signal.removeEventListener("abort", end);
        this.#waiting.delete(wake);
        if (this.#waiting.size === 0) this.#probing?.abort();
        resolve();
      };
      signal.addEventListener("abort", end);
      if (!this.#away && this.#clock.now() - this.#backAt < justBackMs) return wake();
      this.#waiting.add(wake);
      this.#probeIfWanted();
    });
  }

  /** Ends the probing; who waits is woken by its own signal. */
  close(): void {
    this.#away = false;
    this.#probing?.abort();
  }

  #probeIfWanted(): void {
    if (!this.#away || this.#waiting.size === 0 || this.#probing !== undefined) return;
    const probing = new AbortController();
    this.#probing = probing;
    void this.#probe(probing.signal).then((back) => {
      this.#probing = undefined;
      if (back) this.over();
      else this.#probeIfWanted();
    });
  }

  /** Resolves once etcd has answered, or nobody wants to know. */
  async #probe(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      this.#probes += 1;
      await sleep(this.#clock, this.#backoff(this.#probes), signal);
      if (!signal.aborted && (await this.#ask(signal))) return !signal.aborted;
    }
    return false;
  }
}
