import type { Instance } from "../../contract/contract.js";
import type { Registry, Snapshot, Watch } from "../../registry/registry.js";
import type { PlacementSwitch } from "./placement-switch.js";

export interface PlacedWatchOptions {
  readonly service: string;
  readonly here: Registry;
  readonly shared: Registry | undefined;
  readonly placement: PlacementSwitch;
  readonly onSnapshot: (snapshot: Snapshot) => void;
}

/** Follows a service here and elsewhere, and tells of the one or the other, as the placement says at the moment. */
export class PlacedWatch implements Watch {
  readonly #options: PlacedWatchOptions;
  readonly #watches: readonly Watch[];
  readonly #unfollow: () => void;
  #here: Snapshot | undefined;
  #shared: Snapshot | undefined;
  #told: Snapshot | undefined;

  constructor(options: PlacedWatchOptions) {
    const { service, here, shared, placement } = options;
    this.#options = options;
    const watches = [
      here.watch(service, (snapshot) => {
        this.#here = snapshot;
        this.#tell();
      }),
    ];
    if (shared === undefined) this.#shared = { service, instances: [], stale: false };
    else {
      watches.push(
        shared.watch(service, (snapshot) => {
          this.#shared = snapshot;
          this.#tell();
        }),
      );
    }
    this.#watches = watches;
    this.#unfollow = placement.follow(() => this.#tell());
  }

  async close(): Promise<void> {
    this.#unfollow();
    await Promise.all(this.#watches.map((watch) => watch.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tell(): void {
    const snapshot = this.#wanted();
    if (snapshot === undefined || snapshot === this.#told) return;
    this.#told = snapshot;
    this.#options.onSnapshot(snapshot);
  }

  /** Undefined as long as it is not known yet; where it is not known of those elsewhere, those here count. */
  #wanted(): Snapshot | undefined {
    const [here, shared] = [this.#here, this.#shared];
    switch (this.#options.placement.value) {
      case "local":
        return here;
      case "remote":
        return shared;
      case "auto": {
        if (some(here, "serving")) return here;
        // One that has yet to be ready is better than nobody.
        return some(here, "starting") && !some(shared, "serving") ? here : (shared ?? here);
      }
    }
  }
}

function some(snapshot: Snapshot | undefined, wanted: Instance["state"]): boolean {
  return snapshot?.instances.some(({ state }) => state === wanted) ?? false;
}
