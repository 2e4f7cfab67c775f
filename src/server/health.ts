import type { Handlers } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import {
  type HealthCheckResponse,
  type HealthDefinition,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health.js";

export type ServingStatus = "SERVING" | "NOT_SERVING" | "UNKNOWN";

/** What this server tells of its own health, by full service name; `""` is the server as a whole. */
export class Health {
  readonly #statuses = new Map<string, ServingStatus>([["", "NOT_SERVING"]]);
  /** Services nobody has said anything of: they serve as soon as the server does. */
  readonly #unsaid = new Set<string>([""]);
  readonly #watchers = new Set<() => void>();
  #draining = false;
  #closed = false;

  get(service: string): ServingStatus | undefined {
    return this.#statuses.get(service);
  }

  /** What is said here stands: the server's start does not change it. A server that drains stays NOT_SERVING. */
  set(service: string, status: ServingStatus): void {
    this.#unsaid.delete(service);
    if (this.#draining || this.#statuses.get(service) === status) return;
    this.#statuses.set(service, status);
    this.#wake();
  }

  /** For the server: one more service. */
  add(service: string): void {
    if (this.#statuses.has(service)) return;
    this.#statuses.set(service, "NOT_SERVING");
    this.#unsaid.add(service);
  }

  /** For the server: it listens. */
  open(): void {
    for (const service of this.#unsaid) this.#statuses.set(service, "SERVING");
    this.#wake();
  }

  /** For the server: it takes no more calls, whatever anybody says. */
  drain(): void {
    this.#draining = true;
    for (const service of this.#statuses.keys()) this.#statuses.set(service, "NOT_SERVING");
    this.#wake();
  }

  /** Ends every watch, after its last change has been told. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** `grpc.health.v1`. */
  handlers(): Handlers<HealthDefinition> {
    return {
      check: ({ service }) => {
        const status = this.#statuses.get(service);
        if (status === undefined)
          throw new RpcError(Code.NOT_FOUND, `no service ${JSON.stringify(service)} on this server`);
        return { status: Status[status] };
      },
      list: () => ({ statuses: this.#list() }),
      watch: ({ service }, { signal }) => this.#watch(service, signal),
    };
  }

  /** The protocol allows 100 at most. */
  #list(): { [service: string]: HealthCheckResponse } {
    const listed = [...this.#statuses].slice(0, 100);
    return Object.fromEntries(listed.map(([service, status]) => [service, { status: Status[status] }]));
  }

  async *#watch(service: string, signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
    let told: Status | undefined;
    while (!signal.aborted) {
      const status = this.#statuses.get(service);
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

  #wake(): void {
    for (const wake of [...this.#watchers]) wake();
  }
}
