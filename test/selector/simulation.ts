import { Code } from "../../src/errors/errors.js";
import type { Selector } from "../../src/selector/selector.js";
import type { Random } from "../../src/time/time.js";
import type { ManualClock } from "../support/manual-clock.js";
import { broken, ok, unary } from "./fixtures.js";

export interface Answer {
  readonly ms: number;
  readonly failed?: boolean;
}

export interface SimulationOptions {
  readonly clock: ManualClock;
  readonly selector: Selector;
  readonly random: Random;
  readonly callsPerSecond: number;
  readonly seconds: number;
  /** What an instance does with a call that begins now; `running` counts this call. */
  readonly serve: (id: string, running: number) => Answer;
}

export interface Tally {
  calls: number;
  failed: number;
  running: number;
  mostRunning: number;
}

/** Calls arrive at random (Poisson), whether or not earlier ones have been answered, as they do from outside. */
export function simulate(options: SimulationOptions): Map<string, Tally> {
  const { clock, selector, random, callsPerSecond, seconds, serve } = options;
  const tallies = new Map<string, Tally>();
  for (let elapsedMs = 0; elapsedMs < seconds * 1000; ) {
    const pauseMs = (-Math.log(1 - random()) * 1000) / callsPerSecond;
    elapsedMs += pauseMs;
    clock.advance(pauseMs);
    const pick = selector.pick(unary);
    if (pick === undefined) throw new Error(`nobody to call: ${Code.UNAVAILABLE}`);
    const { id } = pick.instance;
    const tally = tallies.get(id) ?? { calls: 0, failed: 0, running: 0, mostRunning: 0 };
    tallies.set(id, tally);
    tally.calls++;
    tally.running++;
    tally.mostRunning = Math.max(tally.mostRunning, tally.running);
    const { ms, failed = false } = serve(id, tally.running);
    if (failed) tally.failed++;
    clock.timer(ms, () => {
      tally.running--;
      pick.done(failed ? broken : ok);
    });
  }
  return tallies;
}

export function totalCalls(tallies: Map<string, Tally>): number {
  return [...tallies.values()].reduce((sum, { calls }) => sum + calls, 0);
}
