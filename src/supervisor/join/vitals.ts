import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../../time/time.js";
import type { ChildStats } from "../status.js";

/** What a process has served since it was last asked. */
export interface CallCounts {
  readonly calls: number;
  readonly errors: number;
  /** In ms; undefined where there were none. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

const resolutionMs = 20;

/** Measures this process, from one look to the next. */
export class Vitals {
  readonly #clock: Clock;
  readonly #calls: () => CallCounts;
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });
  #last: { readonly time: number; readonly cpu: NodeJS.CpuUsage };

  constructor(clock: Clock, calls: () => CallCounts) {
    this.#clock = clock;
    this.#calls = calls;
    this.#last = { time: clock.now(), cpu: process.cpuUsage() };
    calls(); // what was before does not count
    this.#delay.enable();
  }

  look(): ChildStats {
    const { time, cpu } = this.#last;
    const now = { time: this.#clock.now(), cpu: process.cpuUsage() };
    this.#last = now;
    const ms = Math.max(1, now.time - time);
    const { calls, errors, p50Ms, p99Ms } = this.#calls();
    const eventLoopDelayMs = Math.max(0, this.#delay.percentile(99) / 1e6 - resolutionMs); // it counts its own waits too
    this.#delay.reset();
    return {
      cpu: (now.cpu.user - cpu.user + now.cpu.system - cpu.system) / 1_000 / ms,
      memoryBytes: process.memoryUsage.rss(),
      eventLoopDelayMs,
      callsPerSecond: (calls * 1_000) / ms,
      errorsPerSecond: (errors * 1_000) / ms,
      ...(p50Ms !== undefined && { p50Ms }),
      ...(p99Ms !== undefined && { p99Ms }),
    };
  }

  stop(): void {
    this.#delay.disable();
  }
}
