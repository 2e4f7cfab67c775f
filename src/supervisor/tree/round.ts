import { type Clock, sleep } from "../../time/time.js";
import type { Member } from "./member.js";

/** Some members of a group on their way up: stopped first where they run, then, after a wait, started. */
export class Round {
  /** Those that are not up yet. Whoever is taken out is no longer this round's business. */
  readonly pending: Set<Member>;
  readonly #ending = new AbortController();
  #starting = false;

  constructor(members: Iterable<Member>) {
    this.pending = new Set(members);
  }

  wants(member: Member): boolean {
    return !this.#ending.signal.aborted && this.pending.has(member);
  }

  /** Its members are being started; before, it stops them or waits. */
  get starting(): boolean {
    return this.#starting;
  }

  /** Resolves once it is time to start, or it was ended. */
  async wait(clock: Clock, waitMs: number): Promise<void> {
    if (waitMs > 0 && !this.#ending.signal.aborted) {
      for (const member of this.pending) member.rest("backing-off");
      await sleep(clock, waitMs, this.#ending.signal);
    }
    this.#starting = true;
  }

  drop(member: Member): void {
    this.pending.delete(member);
    if (this.pending.size === 0) this.end();
  }

  /** Before it is through: the members are somebody else's business. */
  end(): void {
    this.#ending.abort();
  }
}

/** The rounds of a group that are under way. */
export class Rounds {
  readonly #all = new Set<Round>();

  begin(members: Iterable<Member>, run: (round: Round) => Promise<void>): void {
    const round = new Round(members);
    this.#all.add(round);
    void run(round).then(() => this.#all.delete(round));
  }

  /** Whether one of them starts it anyway, later. */
  expect(member: Member): boolean {
    return [...this.#all].some((round) => round.wants(member) && !round.starting);
  }

  drop(member: Member): void {
    for (const round of this.#all) round.drop(member);
  }

  /** Ends all of them. @returns who was on the way up */
  end(): readonly Member[] {
    const pending = [...this.#all].flatMap((round) => [...round.pending].filter((member) => round.wants(member)));
    for (const round of this.#all) round.end();
    return pending;
  }
}
