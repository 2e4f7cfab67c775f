import { type Call, isInfrastructure, type Middleware } from "../contract/contract.js";
import type { Code } from "../errors/errors.js";
import { type Clock, systemClock } from "../time/time.js";
import { LatencyHistogram } from "./latency-histogram.js";
import { serverSide } from "./side.js";
import { WatchedCall } from "./watched-call.js";

/** What has ended since it was last asked. */
export interface CallCounts {
  readonly calls: number;
  /** Those that failed by the server's fault; a business error is an answer. */
  readonly errors: number;
  /** Half of the calls took no longer. Within 2 % from 1 us to 1 h. Absent where there were none. */
  readonly p50Ms?: number;
  /** All but one in a hundred took no longer. As `p50Ms`. */
  readonly p99Ms?: number;
}

export interface CallStats {
  /** For a server; outermost, so that it sees what the others refuse. */
  readonly middleware: Middleware;
  /** What has ended since the last time, and begins anew. */
  take(): CallCounts;
}

export interface CallStatsOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * Counts the calls a server answers, without OpenTelemetry: what a supervisor shows of a service. A stream counts when it
 * ends; gRPC's own services, health checks above all, do not count.
 */
export function callStats(options: CallStatsOptions = {}): CallStats {
  const { clock = systemClock } = options;
  const ended = new EndedCalls();
  const middleware: Middleware = (next) => (call) =>
    isInfrastructure(call.method) ? next(call) : new CountedCall(call, clock, ended).invoke(next);
  return { middleware, take: () => ended.take() };
}

class EndedCalls {
  readonly #latencies = new LatencyHistogram();
  #errors = 0;

  add(code: Code, durationMs: number): void {
    this.#latencies.add(durationMs);
    if (serverSide.isFailure(code)) this.#errors++;
  }

  take(): CallCounts {
    const counts = { calls: this.#latencies.total, errors: this.#errors };
    const p50Ms = this.#latencies.percentile(0.5);
    const p99Ms = this.#latencies.percentile(0.99);
    this.#latencies.clear();
    this.#errors = 0;
    return p50Ms === undefined || p99Ms === undefined ? counts : { ...counts, p50Ms, p99Ms };
  }
}

class CountedCall extends WatchedCall {
  readonly #clock: Clock;
  readonly #ended: EndedCalls;
  readonly #startedMs: number;

  constructor(call: Call, clock: Clock, ended: EndedCalls) {
    super(call);
    this.#clock = clock;
    this.#ended = ended;
    this.#startedMs = clock.now();
  }

  protected override ended(code: Code): void {
    this.#ended.add(code, this.#clock.now() - this.#startedMs);
  }
}
