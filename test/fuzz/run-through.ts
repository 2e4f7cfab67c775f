import { Dice } from "./dice.js";
import type { Failure, SliceResult } from "./slice.js";
import { targetNamed } from "./targets/targets.js";
import type { Order } from "./worker.js";

/** A process was lost over an order. */
export interface Loss {
  /** `hangs for 60 s`. */
  readonly reason: string;
  /** What had been begun and may not have ended, the last begun last. */
  readonly underWay: readonly number[];
}

/** Has a process carry an order out; after a loss the next one has another process. */
export type Attempt = (order: Order) => Promise<SliceResult | Loss>;

export const nothing: SliceResult = { inputs: 0, failures: 0, found: [], outcomes: {} };

/**
 * The whole of an order, whatever becomes of processes: the input that costs one is a failure, and the rest goes on behind it.
 *
 * @throws Error where a process is lost before its first input
 */
export async function runThrough(order: Order, attempt: Attempt): Promise<SliceResult> {
  let sum = nothing;
  for (let { from } = order; from < order.to; ) {
    const outcome = await attempt({ ...order, from });
    if ("inputs" in outcome) return added(sum, outcome);
    const { reason, underWay } = outcome;
    if (underWay.length === 0) throw new Error(`${order.target}: ${reason}, before the first input`);
    const behind = Math.max(...underWay) + 1;
    sum = added(sum, { ...nothing, inputs: behind - from - underWay.length });
    sum = added(sum, await blame(order, outcome, attempt));
    from = behind;
  }
  return sum;
}

/** Tries again, one by one, what was under way at once: who costs a process alone is to blame. */
async function blame(order: Order, { reason, underWay }: Loss, attempt: Attempt): Promise<SliceResult> {
  const last = underWay.at(-1) as number;
  if (underWay.length === 1) return failed(order, last, reason);
  let sum = nothing;
  for (const index of underWay) {
    const outcome = await attempt({ ...order, from: index, to: index + 1 });
    sum = added(sum, "inputs" in outcome ? outcome : failed(order, index, outcome.reason));
  }
  if (sum.failures > 0) return sum;
  const together = failed(order, last, `${reason}, at once with others (${underWay.join(", ")}) and not alone`);
  return added(sum, { ...together, inputs: 0 });
}

function failed({ target, seed }: Order, index: number, message: string): SliceResult {
  const input = targetNamed(target).generate(Dice.of(seed, target, index));
  const failure: Failure = { target, signature: message.replace(/\d+/g, "#"), message, input };
  return { inputs: 1, failures: 1, found: [failure], outcomes: {} };
}

export function added(a: SliceResult, b: SliceResult): SliceResult {
  const outcomes: { [word: string]: number } = { ...a.outcomes };
  for (const [word, count] of Object.entries(b.outcomes)) outcomes[word] = (outcomes[word] ?? 0) + count;
  return {
    inputs: a.inputs + b.inputs,
    failures: a.failures + b.failures,
    found: [...a.found, ...b.found],
    outcomes,
  };
}
