import type { Dice } from "./dice.js";
import type { Input } from "./input.js";

/**
 * One thing that is fuzzed. An input is all there is to a run: `check` does the same for the same input, in whatever
 * order inputs come, and leaves nothing behind.
 */
export interface Target {
  readonly name: string;
  /** How many of a campaign's inputs are its own, by weight. */
  readonly share: number;
  generate(dice: Dice): Input;
  /**
   * Returns a word for what came of it, which is counted and shown.
   *
   * @throws for what must never be; the message tells one kind of failure from another, numbers aside
   */
  check(input: Input): string | Promise<string>;
  /** How many inputs may be under way at once. Default: 1. */
  readonly parallel?: number;
  /** Before the first input. */
  open?(): Promise<void>;
  /** After the last. */
  close?(): Promise<void>;
}

/** Where a target stands against what was promised. */
export function promise(kept: boolean, what: string): asserts kept {
  if (!kept) throw new Error(what);
}
