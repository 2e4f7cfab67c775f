import { eventually } from "../exchange/turns.js";
import type { Target } from "../target.js";
import { anyRequests, cutUp } from "../verdict/any-requests.js";
import { type Judge, ours, theirs } from "../verdict/judges.js";
import { breakRule, partingOver, ruleCount } from "../verdict/one-rule.js";
import { difference, type Verdict } from "../verdict/verdict.js";

/** Node tells of data in its own time: what looks different for less than this, in ms, may only be late. */
const patienceMs = 10_000;

let judges: { readonly ours: Judge; readonly theirs: Judge } | undefined;

/**
 * The same requests, over sockets, to a server of ours and to one of node:http2: both take them and hear the same of them,
 * or both reset the stream, or both end the connection. Two of three are decent; the others break one rule, which the first
 * step of the input names, counted from 1. Where the two servers part over a rule, `rules.ts` says so, and why.
 */
export const verdicts: Target = {
  name: "verdicts",
  share: 2,
  parallel: 4,
  async open() {
    judges ??= { ours: await ours(), theirs: await theirs() };
  },
  async close() {
    await Promise.all([judges?.ours.close(), judges?.theirs.close()]);
    judges = undefined;
  },
  generate(dice) {
    const frames = anyRequests(dice);
    if (dice.chance(0.65)) return [Buffer.of(0), ...cutUp(dice, frames)];
    const rule = dice.int(ruleCount);
    return [Buffer.of(rule + 1), ...cutUp(dice, breakRule(dice, frames, rule))];
  },
  async check([broken, ...input]) {
    if (judges === undefined) throw new Error("not opened");
    const rule = Buffer.isBuffer(broken) ? (broken[0] ?? 0) - 1 : -1;
    const [a, b] = await Promise.all([judges.ours.hear(input), judges.theirs.hear(input)]);
    try {
      let differs: string | undefined;
      const understood = await eventually(() => {
        differs = difference(a.verdict(), b.verdict());
        return differs === undefined || partingOver(rule, differs) !== undefined;
      }, patienceMs);
      if (!understood) throw new Error(differs);
      return differs === undefined ? classOf(a.verdict()) : "known difference";
    } finally {
      a.close();
      b.close();
    }
  },
};

function classOf({ connectionError, streams }: Verdict): string {
  if (connectionError !== undefined) return "connection error";
  return [...streams.values()].some(({ reset }) => reset !== undefined) ? "stream error" : "accepted";
}
