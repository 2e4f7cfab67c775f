import type { Random } from "../../../src/time/time.js";
import type { VirtualClock } from "./virtual-clock.js";

/** One direction of a link. What is held back comes when it is let go, in the order in which it was sent. */
class Direction {
  held = false;
  readonly #blocked = new Set<() => void>();

  /** To be called again when it is let go. */
  block(pump: () => void): void {
    this.#blocked.add(pump);
  }

  release(): void {
    this.held = false;
    const blocked = [...this.#blocked];
    this.#blocked.clear();
    for (const pump of blocked) pump();
  }
}

/** What one stream or request sends in one direction: late, but in order. */
export class Pipe {
  readonly #link: Link;
  readonly #direction: Direction;
  readonly #queue: { readonly deliver: () => void; readonly atMs: number }[] = [];
  #lastMs = 0;
  #closed = false;

  constructor(link: Link, direction: Direction) {
    this.#link = link;
    this.#direction = direction;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(deliver: () => void): void {
    if (this.#closed) return;
    const { clock } = this.#link;
    this.#lastMs = Math.max(this.#lastMs, clock.now() + this.#link.latencyMs());
    this.#queue.push({ deliver, atMs: this.#lastMs });
    clock.later(this.#lastMs - clock.now(), this.#pump);
  }

  /** @param delivered how many of those under way still arrive */
  close(delivered: "none" | "some" = "none"): void {
    this.#closed = true;
    const under = this.#queue.splice(0);
    const some = delivered === "none" ? 0 : Math.floor(this.#link.random() * (under.length + 1));
    for (const { deliver } of under.slice(0, some)) deliver();
  }

  readonly #pump = (): void => {
    const now = this.#link.clock.now();
    while (this.#queue.length > 0 && this.#queue[0]!.atMs <= now) {
      if (this.#direction.held) {
        this.#direction.block(this.#pump);
        return;
      }
      this.#queue.shift()!.deliver();
    }
  };
}

/** The road between one client and etcd. */
export class Link {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly up: Direction = new Direction();
  readonly down: Direction = new Direction();
  /** How long a message takes: anything up to this, in ms. */
  slownessMs = 2;
  /** When it last stood in the way of anything. */
  #impairedMs = Number.NEGATIVE_INFINITY;
  /** Grows whenever it is let go. */
  releases = 0;
  readonly #cutters = new Set<() => void>();
  readonly #silent = new Set<() => void>();

  constructor(clock: VirtualClock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  latencyMs(): number {
    return this.slownessMs * this.random();
  }

  get open(): boolean {
    return !this.up.held && !this.down.held;
  }

  /** Whether anything has been wrong with it within the last `ms`. */
  impairedWithin(ms: number): boolean {
    return !this.open || this.slownessMs > 100 || this.clock.now() - this.#impairedMs <= ms;
  }

  /** Nothing comes through, and nobody is told. */
  hold(which: "up" | "down" | "both"): void {
    if (which !== "down") this.up.held = true;
    if (which !== "up") this.down.held = true;
    for (const silent of this.#silent) silent();
  }

  release(): void {
    this.#impairedMs = this.clock.now();
    this.releases += 1;
    this.up.release();
    this.down.release();
  }

  slow(slownessMs: number): void {
    this.#impairedMs = this.clock.now();
    this.slownessMs = slownessMs;
  }

  /** Resets what is connected. */
  cut(): void {
    this.#impairedMs = this.clock.now();
    for (const cut of [...this.#cutters]) cut();
  }

  onCut(cut: () => void): () => void {
    this.#cutters.add(cut);
    return () => this.#cutters.delete(cut);
  }

  onSilence(silent: () => void): () => void {
    this.#silent.add(silent);
    return () => this.#silent.delete(silent);
  }
}
