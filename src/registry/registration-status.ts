import type { Logger, RegistrationState, RegistryMonitor } from "../contract/contract.js";
import type { Clock } from "../time/time.js";

export interface RegistrationStatusOptions {
  readonly service: string;
  readonly id: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly monitor: RegistryMonitor;
}

/** How one registration stands, and whoever wants to know. What is closed stays closed. */
export class RegistrationStatus {
  readonly #options: RegistrationStatusOptions;
  readonly #listeners = new Set<(state: RegistrationState) => void>();
  #state: RegistrationState = "registering";
  #since: Date;

  constructor(options: RegistrationStatusOptions) {
    this.#options = options;
    this.#since = new Date(options.clock.now());
    this.#report();
  }

  get state(): RegistrationState {
    return this.#state;
  }

  get since(): Date {
    return this.#since;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  become(state: RegistrationState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#since = new Date(this.#options.clock.now());
    this.#report();
    for (const listener of [...this.#listeners]) this.#tell(listener);
    if (state === "closed") this.#listeners.clear();
  }

  #tell(listener: (state: RegistrationState) => void): void {
    try {
      listener(this.#state);
    } catch (err) {
      this.#options.logger.error({ err, instance: this.#options.id }, "a listener of a registration threw");
    }
  }

  #report(): void {
    const { service, id, monitor } = this.#options;
    monitor({ type: "registration", service, id, state: this.#state });
  }
}
