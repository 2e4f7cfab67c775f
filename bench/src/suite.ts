import type { Bound } from "./bounds.js";
import type { CaseName } from "./cases.js";
import type { Experiment } from "./experiment.js";
import type { PartyName } from "./parties.js";

/** Who is measured in which cases, in this order: many calls at once come first, because they warm everybody up best. */
export interface Suite {
  readonly measurements: readonly Measurement[];
  /** Join in every case, unless `PEERS` says otherwise. */
  readonly peers: readonly PartyName[];
  /** Come after the cases. */
  readonly experiments?: readonly Experiment[];
  /** What the figures have to be; people are told at the end of those whose case was asked for. */
  readonly bounds?: readonly Bound[];
}

export interface Measurement {
  readonly case: CaseName;
  readonly subjects: readonly PartyName[];
  /** Join in this case besides the suite's, unless `PEERS` says otherwise. Default: none. */
  readonly peers?: readonly PartyName[];
}
