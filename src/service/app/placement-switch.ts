import type { Placement } from "../spec.js";

/** Where the calls of one need go; may be changed while they do. */
export class PlacementSwitch {
  readonly #followers = new Set<() => void>();
  #value: Placement;

  constructor(value: Placement) {
    this.#value = value;
  }

  get value(): Placement {
    return this.#value;
  }

  set value(value: Placement) {
    if (value === this.#value) return;
    this.#value = value;
    for (const follower of [...this.#followers]) follower();
  }

  /** Returns what ends it. */
  follow(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
