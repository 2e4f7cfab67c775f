import { setMaxListeners } from "node:events";
import { StorefrontServiceDefinition } from "../../../examples/shop/gen/shop/storefront/v1/storefront.js";
import { createClient, grpcJsTransport, openRegistry } from "../../../src/index.js";
import { sleep, systemClock } from "../../../src/time/time.js";

/** How long a caller thinks between two calls, in ms: 100 callers are not to fill the machine. */
const thinkMs = 100;

/** Of one call; times are of `performance.now()`. */
interface Failure {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly reason: string;
}

/** Callers who ask the storefront for prices, one call after the other: three services deep, and safe to repeat. */
export class Callers {
  calls = 0;
  readonly #failures: Failure[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #waiting = new Set<() => void>();

  constructor(registryUrl: string, count = 100) {
    setMaxListeners(0, this.#stop.signal); // every caller that thinks listens
    this.#done = this.#call(registryUrl, count);
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

  async #call(registryUrl: string, count: number): Promise<void> {
    await using registry = openRegistry(registryUrl);
    await using client = createClient(StorefrontServiceDefinition, {
      registry,
      service: "storefront",
      transport: grpcJsTransport(),
    });
    const one = async (): Promise<void> => {
      while (!this.#stop.signal.aborted) {
        const beganMs = performance.now();
        try {
          const { totalCents } = await client.quote({ items: [{ sku: "teapot", quantity: 1 }] });
          if (totalCents !== 4900) throw new Error(`a wrong answer: ${totalCents}`);
        } catch (reason) {
          this.#failures.push({ beganMs, endedMs: performance.now(), reason: String(reason) });
        }
        this.calls++;
        for (const check of [...this.#waiting]) check();
        await sleep(systemClock, thinkMs, this.#stop.signal);
      }
    };
    await Promise.all(Array.from({ length: count }, one));
  }
}
