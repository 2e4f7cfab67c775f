import type { Target } from "../target.js";
import { anyRequests, cutUp } from "../verdict/any-requests.js";
import { type Judge, ours, theirs } from "../verdict/judges.js";
import { breakRule, partingOver, ruleCount } from "../verdict/one-rule.js";
import { difference, type Verdict } from "../verdict/verdict.js";

let judges: { readonly ours: Judge; readonly theirs: Judge } | undefined;

/**
 * The same requests, over sockets, to a server of ours and to one of node:http2: both take them and hear the same of them,
 * or both reset the stream, or both end the connection. Two of three are decent; the others break one rule, which the first
 * step of the input names, counted from 1. Where the two servers part over a rule, `one-rule.ts` says so, and why.
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
    let differs: string | undefined;
    // Node tells of data in its own time: what looks different may only be late.
    for (const patienceMs of [0, 20, 300]) {
      const [a, b] = await Promise.all([judges.ours.judge(input, patienceMs), judges.theirs.judge(input, patienceMs)]);
      differs = difference(a, b);
      if (differs === undefined) return classOf(a);
      if (partingOver(rule, differs) !== undefined) return "known difference";
    }
    throw new Error(differs);
  },
};

function classOf({ connectionError, streams }: Verdict): string {
  if (connectionError !== undefined) return "connection error";
  return [...streams.values()].some(({ reset }) => reset !== undefined) ? "stream error" : "accepted";
}
