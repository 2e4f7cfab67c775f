import { type Instance, type Method, methodsOf } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import type { CallInfo, Outcome } from "../../src/selector/selector.js";
import type { Random } from "../../src/time/time.js";
import { EchoServiceDefinition } from "../support/echo.js";
import { echoInstance } from "../support/echo-instance.js";

export { echoInstance as instance };

const methods = methodsOf(EchoServiceDefinition);

export function method(localName: keyof typeof EchoServiceDefinition.methods): Method {
  return methods.find((each) => each.localName === localName) as Method;
}

/** `i0`, `i1`, … */
export function instances(count: number): Instance[] {
  return Array.from({ length: count }, (_, index) => echoInstance(`i${index}`));
}

export const unary: CallInfo = { method: method("unary"), avoid: new Set() };
export const stream: CallInfo = { method: method("serverStream"), avoid: new Set() };

export function avoiding(...ids: string[]): CallInfo {
  return { method: method("unary"), avoid: new Set(ids) };
}

export const ok: Outcome = { code: Code.OK, failed: false };
export const broken: Outcome = { code: Code.UNAVAILABLE, failed: true };

/** mulberry32: the same numbers for the same seed, on every machine. */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function countBy<T>(items: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
