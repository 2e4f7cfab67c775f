import { type Clock, sleep } from "../../time/time.js";
import type { Member } from "./member.js";

/** Members of a group that are started together: those that run are stopped first, and after a wait all are started. */
export class Round {
  /** The members that are not up yet. A member that is released is started by another road, or not at all. */
  readonly pending: Set<Member>;
  readonly #ending = new AbortController();
  #starting = false;

  constructor(members: Iterable<Member>) {
    this.pending = new Set(members);
  }

  /** Whether this round is still to start the member. */
  has(member: Member): boolean {
    return !this.#ending.signal.aborted && this.pending.has(member);
  }

  /** The round starts its members now. Before, it stops them or waits. */
  get starting(): boolean {
    return this.#starting;
  }

  /** Resolves once it is time to start the members, or the round has been ended. */
  async wait(clock: Clock, waitMs: number): Promise<void> {
    if (waitMs > 0 && !this.#ending.signal.aborted) {
      for (const member of this.pending) member.rest("backing-off");
      await sleep(clock, waitMs, this.#ending.signal);
    }
    this.#starting = true;
  }

  /** The member is up, or is no longer to be started by this round. */
  release(member: Member): void {
    this.pending.delete(member);
    if (this.pending.size === 0) this.end();
  }

  /** Starts no further member. */
  end(): void {
    this.#ending.abort();
  }
}

/** The rounds of one group that are under way. */
export class Rounds {
  readonly #all = new Set<Round>();

  begin(members: Iterable<Member>, run: (round: Round) => Promise<void>): void {
    const round = new Round(members);
    this.#all.add(round);
    void run(round).then(() => this.#all.delete(round));
  }

  /** Whether a round that has not begun to start its members will start this one. */
  willStart(member: Member): boolean {
    return [...this.#all].some((round) => round.has(member) && !round.starting);
  }

  /** No round starts the member any more. */
  release(member: Member): void {
    for (const round of this.#all) round.release(member);
  }

  /** Ends all rounds. @returns the members that were not up yet */
  endAll(): readonly Member[] {
    const pending = [...this.#all].flatMap((round) => [...round.pending].filter((member) => round.has(member)));
    for (const round of this.#all) round.end();
    return pending;
  }
}
