import type { Clock } from "../../../src/time/time.js";

/** What happened, a line an event: `12.345s a  range /hawser/instances/s0/ -> 3 keys at 17`. */
export class History {
  readonly #clock: Clock;
  readonly lines: string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(who: string, what: string): void {
    this.lines.push(`${(this.#clock.now() / 1_000).toFixed(3)}s ${who}  ${what}`);
  }
}
