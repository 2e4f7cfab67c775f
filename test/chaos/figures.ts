import type { Random } from "../../src/time/time.js";

/** Median and maximum of times in ms. */
export function figures(eachMs: readonly number[]): string {
  const sorted = [...eachMs].sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `p50 ${at(0.5)} ms, max ${at(1)} ms`;
}

/** Between the two, in ms. */
export async function pause(random: Random, fromMs: number, toMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, fromMs + random() * (toMs - fromMs)));
}
