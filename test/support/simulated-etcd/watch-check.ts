import type { Snapshot } from "../../../src/registry/registry.js";
import { type Members, same, shown, type Truth, wordOf } from "./truth.js";

export interface WatchCheckOptions {
  readonly who: string;
  readonly service: string;
  readonly truth: Truth;
  /** Whether data were lost lately in a way that no client can see until it lists anew. */
  readonly hidden: () => boolean;
  /** Whether an instance of that id is registered, takes calls, and could come back in time after an outage. */
  readonly lives: (id: string) => boolean;
  readonly now: () => number;
  /** When etcd was last well again after an outage. */
  readonly recoveredMs: () => number;
  readonly say: (what: string) => void;
  readonly broken: (what: string) => void;
}

/** Holds what one watch is told against what was true, as etcd's own robustness tests do with its watches. */
export class WatchCheck {
  readonly service: string;
  readonly #options: WatchCheckOptions;
  /** The earliest state that the last snapshot can have been of. */
  #state: number;
  #told: { readonly members: Members; readonly stale: boolean } | undefined;
  told = 0;
  #firstMs = 0;

  constructor(options: WatchCheckOptions) {
    this.service = options.service;
    this.#options = options;
    this.#state = options.truth.of(options.service).length - 1;
  }

  readonly onSnapshot = ({ instances, stale }: Snapshot): void => {
    const { say } = this.#options;
    const members: Members = new Map(instances.map((instance) => [instance.id, wordOf(instance)]));
    say(`${this.service} ${shown(members)}${stale ? " stale" : ""}`);
    if (this.told === 0) this.#firstMs = this.#options.now();
    this.told += 1;
    const before = this.#told;
    if (before?.stale === stale && same(before.members, members)) this.#broken("was told the same twice");
    if (this.#matches(members, stale)) {
      for (const [id, word] of before?.members ?? []) if (!members.has(id)) this.#dropped(id, word, members, stale);
    }
    this.#told = { members, stale };
  };

  /** Whether all is known and nothing else. */
  settled(): string | undefined {
    const { truth } = this.#options;
    const now = truth.now(this.service);
    if (this.#told === undefined) return `${this.#name} was told nothing`;
    if (this.#told.stale) return `${this.#name} is stale: ${shown(this.#told.members)}`;
    return same(this.#told.members, now)
      ? undefined
      : `${this.#name} believes ${shown(this.#told.members)}, and true is ${shown(now)}`;
  }

  /** Ordered and reliable: it was true, and not before what was told last. Atomic: nothing that never was. */
  #matches(members: Members, stale: boolean): boolean {
    const states = this.#options.truth.of(this.service);
    for (let at = this.#state; at < states.length; at++) {
      if (!this.#fits(at, members, stale)) continue;
      this.#state = at;
      return true;
    }
    if (this.#options.hidden()) return false;
    const earlier = states.findLastIndex((state) => same(state, members));
    const why = earlier < 0 ? "what never was" : "what was true before what was told last";
    this.#broken(`was told ${why}: ${shown(members)}${stale ? " stale" : ""}`);
    return false;
  }

  /**
   * Who is missing after an outage may be kept, as last known, for as long as the snapshot says that it is stale; also who
   * was known so briefly that nobody was told.
   */
  #fits(at: number, members: Members, stale: boolean): boolean {
    const states = this.#options.truth.of(this.service);
    const state = states[at]!;
    if (!stale || same(state, members)) return same(state, members);
    const told = this.#told?.members;
    if (told === undefined) return false;
    const wasKnown = (id: string, word: string) =>
      told.get(id) === word || states.slice(this.#state, at).some((each) => each.get(id) === word);
    for (const [id, word] of state) if (members.get(id) !== word) return false;
    for (const [id, word] of members) if (!state.has(id) && !wasKnown(id, word)) return false;
    return true;
  }

  /** Innocent where it can have been of a state in which the instance was missing for a reason that excuses it. */
  #dropped(id: string, word: string, members: Members, stale: boolean): void {
    const { truth, lives } = this.#options;
    if (!lives(id) || word.includes("draining")) return;
    const causes = truth
      .of(this.service)
      .flatMap((_, at) =>
        at >= this.#state && this.#fits(at, members, stale) ? truth.causeOfAbsence(this.service, id, at) : [],
      );
    if (causes.some((cause) => cause === "hand" || cause === "cut off")) return;
    // Who begins to watch after an outage cannot know who was there before it.
    if (causes.includes("outage") && this.#firstMs >= this.#options.recoveredMs()) return;
    // Who cannot see that data were lost goes on from a state of before, and what it knows may look like another of before.
    if (this.#options.hidden() && !causes.includes("own")) return;
    if (causes.includes("outage")) this.#broken(`dropped ${id}, which lives, because of an outage of etcd`);
    else if (causes.includes("own")) this.#broken(`dropped ${id}, which lives and which its own registry took out`);
    else this.#broken(`dropped ${id}, which nobody took out`);
  }

  get #name(): string {
    return `${this.#options.who}'s watch of ${this.service}`;
  }

  #broken(what: string): void {
    this.#options.broken(`${this.#name} ${what}`);
  }
}
