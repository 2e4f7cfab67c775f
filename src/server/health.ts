import type { Handlers } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import {
  type HealthCheckResponse,
  HealthDefinition,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health.js";
import { type Clock, systemClock } from "../time/time.js";

export type ServingStatus = "SERVING" | "NOT_SERVING" | "UNKNOWN";

/** The key of `Check`'s header that says how long the answer has been so, in ms by the server's own clock. */
export const statusAgeKey = "hawser-status-age-ms";

interface Told {
  readonly status: ServingStatus;
  readonly since: number;
}

/** What this server tells of its own health, by full service name; `""` is the server as a whole. */
export class Health {
  readonly #clock: Clock;
  /** What was said of a service; undefined where nobody has: it serves as soon as the server does. */
  readonly #said = new Map<string, ServingStatus | undefined>([["", undefined]]);
  /** Those of the server itself: they wait for it. */
  readonly #own = new Set<string>([""]);
  readonly #told = new Map<string, Told>();
  readonly #watchers = new Set<() => void>();
  #holds = 0;
  #draining = false;
  #closed = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#changed();
  }

  get(service: string): ServingStatus | undefined {
    return this.#told.get(service)?.status;
  }

  /** What is said here stands. A server that drains stays NOT_SERVING, and its process SERVING. */
  set(service: string, status: ServingStatus): void {
    if (this.#draining) return;
    this.#said.set(service, status);
    this.#changed();
  }

  /**
   * The server as a whole and its contracts are NOT_SERVING, whatever is said, until what this returns is called: there is
   * more to do than to listen.
   */
  hold(): () => void {
    let held = true;
    this.#holds++;
    this.#changed();
    return () => {
      if (held) this.#holds--;
      held = false;
      this.#changed();
    };
  }

  /** For the server: one more contract. */
  add(service: string): void {
    this.#own.add(service);
    if (!this.#said.has(service)) this.#said.set(service, undefined);
    this.#changed();
  }

  /** For the server: it takes no more calls, whatever anybody says. */
  drain(): void {
    this.#draining = true;
    this.#changed();
  }

  /** Ends every watch, after its last change has been told. */
  close(): void {
    this.#closed = true;
    this.#changed();
  }

  /** `grpc.health.v1`. */
  handlers(): Handlers<HealthDefinition> {
    return {
      check: ({ service }, { header }) => {
        const told = this.#told.get(service);
        if (told === undefined)
          throw new RpcError(Code.NOT_FOUND, `no service ${JSON.stringify(service)} on this server`);
        header.set(statusAgeKey, String(Math.max(0, Math.round(this.#clock.now() - told.since))));
        return { status: Status[told.status] };
      },
      list: () => ({ statuses: this.#list() }),
      watch: ({ service }, { signal }) => this.#watch(service, signal),
    };
  }

  /** The protocol allows 100 at most. */
  #list(): { [service: string]: HealthCheckResponse } {
    const listed = [...this.#told].slice(0, 100);
    return Object.fromEntries(listed.map(([service, { status }]) => [service, { status: Status[status] }]));
  }

  async *#watch(service: string, signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
    let told: Status | undefined;
    while (!signal.aborted) {
      const status = this.get(service);
      const now = status === undefined ? Status.SERVICE_UNKNOWN : Status[status];
      if (now !== told) {
        told = now;
        yield { status: now };
      } else if (this.#closed) return;
      else await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #statusOf(service: string, said: ServingStatus | undefined): ServingStatus {
    if (service === HealthDefinition.fullName) return said ?? "SERVING"; // the process, which answers
    if (this.#draining || (this.#holds > 0 && this.#own.has(service))) return "NOT_SERVING";
    return said ?? "SERVING";
  }

  #changed(): void {
    for (const [service, said] of this.#said) {
      const status = this.#statusOf(service, said);
      if (this.#told.get(service)?.status !== status) this.#told.set(service, { status, since: this.#clock.now() });
    }
    for (const wake of [...this.#watchers]) wake();
  }
}
