import { type Clock, sleep } from "../time/time.js";
import type { Member } from "./tree.js";

/** Some members of a group on their way up: stopped first where they run, then, after a wait, started. */
export class Round {
  /** Those that are not up yet. Whoever is taken out is no longer this round's business. */
  readonly pending: Set<Member>;
  readonly #ending = new AbortController();
  #starting = false;

  constructor(members: Iterable<Member>) {
    this.pending = new Set(members);
  }

  /** It was ended before it was through; the members are somebody else's business. */
  get over(): boolean {
    return this.#ending.signal.aborted;
  }

  wants(member: Member): boolean {
    return !this.over && this.pending.has(member);
  }

  /** Its members are being started; before, it stops them or waits. */
  get starting(): boolean {
    return this.#starting;
  }

  /** Resolves once it is time to start, or it is over. */
  async wait(clock: Clock, waitMs: number): Promise<void> {
    if (waitMs > 0 && !this.over) {
      for (const member of this.pending) member.rest("backing-off");
      await sleep(clock, waitMs, this.#ending.signal);
    }
    this.#starting = true;
  }

  drop(member: Member): void {
    this.pending.delete(member);
    if (this.pending.size === 0) this.end();
  }

  end(): void {
    this.#ending.abort();
  }
}
