import type { Input } from "./input.js";

/**
 * The least of an input that still fails in the same way: whole steps are left out first, then runs of bytes, halving.
 * Ends with the best so far once `goOn` says no.
 */
export async function minimise(
  input: Input,
  stillFails: (candidate: Input) => Promise<boolean>,
  goOn: () => boolean,
): Promise<Input> {
  let best = input;
  const attempt = async (candidate: Input): Promise<boolean> => {
    if (!goOn() || !(await stillFails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let before = -1; before !== sizeOf(best) && goOn(); ) {
    before = sizeOf(best);
    await dropRuns(best.length, (from, to) => attempt([...best.slice(0, from), ...best.slice(to)]));
    for (let at = best.length - 1; at >= 0; at--) {
      const step = best[at];
      if (step === undefined || typeof step === "string") continue;
      await dropRuns(step.length, (from, to) => {
        const bytes = best[at] as Buffer;
        return attempt(best.with(at, Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])));
      });
    }
  }
  return best;
}

/** Tries to leave out runs of a list from its end, long ones first. */
async function dropRuns(length: number, drop: (from: number, to: number) => Promise<boolean>): Promise<void> {
  let remaining = length;
  for (let run = Math.max(1, length >> 1); ; run >>= 1) {
    for (let to = remaining; to > 0; to -= run) {
      const from = Math.max(0, to - run);
      if (await drop(from, to)) remaining -= to - from;
    }
    if (run <= 1) return;
  }
}

function sizeOf(input: Input): number {
  return input.reduce((sum, step) => sum + 1 + (typeof step === "string" ? 0 : step.length), 0);
}
