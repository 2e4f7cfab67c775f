import type { Instance } from "../../contract/contract.js";
import { memoryRegistry } from "../../registry/memory/memory.js";
import type {
  RegisterOptions,
  Registration,
  RegistrationState,
  Registry,
  RegistryCapabilities,
  ServiceSummary,
  Snapshot,
  Watch,
} from "../../registry/registry.js";
import { wrapped } from "../../registry/wrapped.js";
import type { KnownBy } from "../presence.js";
import { PlacedWatch } from "./placed-watch.js";
import type { PlacementSwitch } from "./placement-switch.js";

/** Whether only this process can reach it there. */
export function isLocal(endpoint: string): boolean {
  return endpoint.startsWith("memory:");
}

/**
 * Who is alive, as the services of one process see it: those here, reached in memory, and those elsewhere, of a registry
 * that others share. What registers here is known to both, to each by the endpoints it can use.
 */
export class ProcessRegistry implements Registry {
  readonly name: string;
  readonly #here: Registry = memoryRegistry();
  readonly #shared: Registry | undefined;

  /** @param shared stays its maker's to close */
  constructor(shared: Registry | undefined) {
    this.#shared = shared;
    this.name = shared?.name ?? "this process";
  }

  /** Who is here can be registered here, whatever those elsewhere know of it. */
  get capabilities(): RegistryCapabilities {
    return { ...(this.#shared ?? this.#here).capabilities, register: true };
  }

  /** By whom those elsewhere learn of an instance that listens. */
  get knownBy(): KnownBy {
    if (this.#shared === undefined) return "nobody";
    return this.#shared.capabilities.register ? "registration" : "others";
  }

  /** Whether anybody elsewhere can be found. */
  get reaches(): boolean {
    return this.#shared !== undefined;
  }

  /** Elsewhere first: where that fails, nobody here has begun to call it. */
  async register(instance: Instance, options?: RegisterOptions): Promise<Registration> {
    const endpoints = instance.endpoints.filter((endpoint) => !isLocal(endpoint));
    const registers = endpoints.length > 0 && this.knownBy === "registration";
    const shared = registers ? await this.#shared?.register({ ...instance, endpoints }, options) : undefined;
    try {
      const here = await this.#here.register(instance);
      return shared === undefined ? here : new TwoRegistrations(here, shared);
    } catch (error) {
      await shared?.close();
      throw error;
    }
  }

  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch {
    return this.#here.watch(service, onSnapshot);
  }

  list(): Promise<readonly ServiceSummary[]> {
    return (this.#shared ?? this.#here).list();
  }

  /** The same registry, seen by somebody who wants his calls to go here or elsewhere. */
  placed(placement: PlacementSwitch): Registry {
    return wrapped(this, {
      watch: (service, onSnapshot) =>
        new PlacedWatch({ service, here: this.#here, shared: this.#shared, placement, onSnapshot }),
      close: () => Promise.resolve(),
    });
  }

  close(): Promise<void> {
    return this.#here.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** One instance, in both registries. */
class TwoRegistrations implements Registration {
  readonly #here: Registration;
  readonly #shared: Registration;

  constructor(here: Registration, shared: Registration) {
    this.#here = here;
    this.#shared = shared;
  }

  get state(): RegistrationState {
    return this.#shared.state;
  }

  get since(): Date {
    return this.#shared.since;
  }

  onState(listener: (state: RegistrationState) => void): () => void {
    return this.#shared.onState(listener);
  }

  /** First where it cannot fail. */
  async update(instance: Instance): Promise<void> {
    await this.#here.update(instance);
    await this.#shared.update({
      ...instance,
      endpoints: instance.endpoints.filter((endpoint) => !isLocal(endpoint)),
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#here.close(), this.#shared.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
