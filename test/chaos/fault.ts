import type { Random } from "../../src/time/time.js";

/** What came of a fault. */
export interface Outcome {
  readonly rounds: number;
  /** Calls made while it happened, and those of them that failed. */
  readonly calls: number;
  readonly failed: number;
  /** Figures for people. */
  readonly detail: string;
  /** Which promises were not kept; empty where all were. */
  readonly broken: readonly string[];
}

export interface Fault {
  readonly name: string;
  /** Where nobody says otherwise. */
  readonly rounds: number;
  /** However many are asked for. Default: all of them. */
  readonly mostRounds?: number;
  run(options: FaultOptions): Promise<Outcome>;
}

export interface FaultOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Of the seed. */
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Says how far it is. */
  readonly progress: (text: string) => void;
}
