import type { Sample } from "../process/sample.js";
import { rises, trendOf } from "./trend.js";

/** What both sides held after so many calls. */
export interface Look {
  readonly calls: number;
  /** How long the calls since the look before took. */
  readonly ms: number;
  readonly client: Sample;
  readonly server: Sample;
}

export interface Verdict {
  /** `client_heap_kb_per_million`, `server_handles_per_million`. */
  readonly name: string;
  /** By how much it rose, by a million calls. */
  readonly perMillion: number;
  /** Two standard errors of that. */
  readonly error: number;
  /** The least that would have been called growing, by a million calls. */
  readonly least: number;
  readonly grows: boolean;
}

const kb = 1000;

/** How much each may rise from the first look to the last: as much as a heap of this size breathes. More is a leak. */
const limits = [
  { what: "heap", allowed: 256 * kb, unit: kb, suffix: "_kb" },
  { what: "external", allowed: 256 * kb, unit: kb, suffix: "_kb" },
  { what: "handles", allowed: 2, unit: 1, suffix: "" },
] as const;

/** Whether either side held more and more. @param looks in order; three at least */
export function judge(looks: readonly Look[]): Verdict[] {
  const calls = looks.map((look) => look.calls);
  const millions = ((calls.at(-1) as number) - (calls[0] as number)) / 1e6;
  return (["client", "server"] as const).flatMap((side) =>
    limits.map(({ what, allowed, unit, suffix }): Verdict => {
      const trend = trendOf(
        calls,
        looks.map((look) => look[side][what]),
      );
      return {
        name: `${side}_${what}${suffix}_per_million`,
        perMillion: trend.rise / unit / millions,
        error: (2 * trend.error) / unit / millions,
        least: (allowed + 2 * trend.error) / unit / millions,
        grows: rises(trend, allowed),
      };
    }),
  );
}

/** The last word, for people: what grew, or that nothing did and how small a leak could have been seen. */
export function conclusion(calls: number, verdicts: readonly Verdict[]): string {
  const growing = verdicts.filter(({ grows }) => grows).map(({ name }) => name);
  if (growing.length > 0) return `soak: NOT FLAT after ${calls.toLocaleString("en")} calls: ${growing.join(", ")}`;
  const leastKb = Math.max(...verdicts.filter(({ name }) => name.includes("_heap_")).map(({ least }) => least));
  const leak = `${((leastKb * kb) / 1e6).toPrecision(2)} bytes a call`;
  return `soak: flat after ${calls.toLocaleString("en")} calls; a leak of ${leak} would have been seen`;
}
