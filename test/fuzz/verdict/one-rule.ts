import { Type } from "../../support/http2/constants.js";
import type { Dice } from "../dice.js";
import type { RawFrame } from "../wire/raw-frame.js";
import { type Rule, rules } from "./rules.js";

/** How many rules there are. */
export const ruleCount: number = rules.length;

/** Puts what breaks a rule somewhere between the frames, where no block of header fields is interrupted. */
export function breakRule(dice: Dice, frames: RawFrame[], rule: number): RawFrame[] {
  const broken = (rules[rule] as Rule).broken();
  const places = [...frames.keys()].filter((at) => at > 0 && frames[at]?.type !== Type.CONTINUATION);
  const opens = broken.some(({ type, streamId }) => type === Type.HEADERS && streamId >= 199);
  const at = opens ? frames.length : dice.pick([...places, frames.length]);
  return frames.toSpliced(at, 0, ...broken);
}

/** Why a difference over a broken rule is none to mend; undefined where it is one. */
export function partingOver(rule: number, difference: string): string | undefined {
  const { name, parting } = rules[rule] ?? {};
  return parting?.difference.test(difference) === true ? `${name} (${parting.reason})` : undefined;
}
