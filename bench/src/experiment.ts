import type { Line } from "./line.js";

/** What no number of calls in flight can show: it is measured in a way of its own, and needs its own processes. */
export interface Experiment {
  /** As in `CASES`. */
  readonly name: string;
  /** The cases its lines are of. */
  readonly cases: readonly string[];
  run(bench: Bench): Promise<void>;
}

/** What an experiment is given. */
export interface Bench {
  readonly suite: string;
  /** Of load for each party, where it is a matter of time. */
  readonly seconds: number;
  /** Where processes leave a CPU profile. */
  readonly profileDir: string | undefined;
  /** For programs. */
  readonly print: (line: Line) => void;
  /** For people. */
  readonly say: (text: string) => void;
}
