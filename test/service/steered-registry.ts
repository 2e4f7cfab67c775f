import { type Instance, silentLogger } from "../../src/contract/contract.js";
import { notRegisteredHereError, RegistrationStatus } from "../../src/registry/driver.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import type { Registration, RegistrationState, Registry } from "../../src/registry/registry.js";
import { type Clock, systemClock } from "../../src/time/time.js";

/** A registry whose registrations stand as a test says: `registering` until then. */
export class SteeredRegistry implements Registry {
  readonly name = "steered://far";
  readonly capabilities: Registry["capabilities"];
  /** As they were asked for. */
  readonly asked: Instance[] = [];
  /** What was published after that. */
  readonly updates: Instance[] = [];
  readonly #others = memoryRegistry();
  readonly #clock: Clock;
  readonly #statuses: RegistrationStatus[] = [];
  readonly #waiting = new Set<() => void>();

  constructor({ clock = systemClock, register = true }: { readonly clock?: Clock; readonly register?: boolean } = {}) {
    this.#clock = clock;
    this.capabilities = { register, lease: true, watch: "push" };
  }

  become(state: RegistrationState): void {
    for (const status of this.#statuses) status.become(state);
    if (state === "registered") for (const wake of this.#waiting) wake();
  }

  async register(instance: Instance, options: Parameters<Registry["register"]>[1] = {}): Promise<Registration> {
    if (!this.capabilities.register) throw notRegisteredHereError(this.name, "others do");
    const { service, id } = instance;
    const status = new RegistrationStatus({ service, id, clock: this.#clock, logger: silentLogger, monitor: () => {} });
    this.#statuses.push(status);
    this.asked.push(instance);
    if (options.wait !== false) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    const close = async (): Promise<void> => status.become("closed");
    return {
      get state() {
        return status.state;
      },
      get since() {
        return status.since;
      },
      onState: (listener) => status.onState(listener),
      update: async (changed) => void this.updates.push(changed),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  watch: Registry["watch"] = (service, onSnapshot) => this.#others.watch(service, onSnapshot);

  list: Registry["list"] = () => this.#others.list();

  close(): Promise<void> {
    return this.#others.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
