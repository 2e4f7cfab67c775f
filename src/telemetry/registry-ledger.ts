import type { RegistrationState, RegistryEvent } from "../contract/contract.js";
import type { Clock } from "../time/time.js";

/** A registration that is not closed. */
export interface LiveRegistration {
  readonly service: string;
  readonly state: RegistrationState;
}

/** A service that is watched. */
export interface WatchedService {
  readonly instances: number;
  /** Also before the registry has answered. */
  readonly stale: boolean;
  /** When the registry has said last that the picture is right, in ms; undefined where it has not. */
  readonly confirmedAt: number | undefined;
}

/** How one registry stands, by what it has told. Forgets what is closed and what nobody watches. */
export class RegistryLedger {
  readonly registrations: Map<string, LiveRegistration> = new Map();
  readonly services: Map<string, WatchedService> = new Map();
  /** Its name, for whoever has several. */
  readonly registry: string | undefined;
  readonly #clock: Clock;

  constructor(registry: string | undefined, clock: Clock) {
    this.registry = registry;
    this.#clock = clock;
  }

  get empty(): boolean {
    return this.registrations.size === 0 && this.services.size === 0;
  }

  /** Undefined where the picture was never confirmed. */
  ageMs({ confirmedAt }: WatchedService): number | undefined {
    return confirmedAt === undefined ? undefined : Math.max(0, this.#clock.now() - confirmedAt);
  }

  write(event: RegistryEvent): void {
    switch (event.type) {
      case "registration": {
        const { id, service, state } = event;
        if (state === "closed") this.registrations.delete(id);
        else this.registrations.set(id, { service, state });
        return;
      }
      case "watched":
        this.#service(event.service, {});
        return;
      case "snapshot":
        this.#service(event.service, { instances: event.instances, stale: event.stale });
        return;
      case "confirmed":
        this.#service(event.service, { confirmedAt: this.#clock.now() });
        return;
      case "unwatched":
        this.services.delete(event.service);
    }
  }

  #service(service: string, change: Partial<WatchedService>): void {
    const before = this.services.get(service) ?? { instances: 0, stale: true, confirmedAt: undefined };
    this.services.set(service, { ...before, ...change });
  }
}
