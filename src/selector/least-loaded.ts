import type { Instance } from "../contract/contract.js";
import { type Clock, type Random, systemClock, systemRandom } from "../time/time.js";
import { Load, UsualLatency } from "./load.js";
import type { CallInfo, Outcome, Pick, Selector, SelectorFactory } from "./selector.js";
import { WeightedDraw, weightOf } from "./weighted-draw.js";

export interface LeastLoadedOptions {
  /** How long a latency counts: after so long without a call a third (1/e) of it is left. Default: 10 000. */
  readonly decayMs?: number;
  /** Default: `systemClock`. */
  readonly clock?: Clock;
  /** Default: `systemRandom`. */
  readonly random?: Random;
}

/**
 * The better of two drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001), by
 * latency × calls in flight; the default selector.
 *
 * A new instance is tried with one call at a time until its first answer. One that fails counts as 10 times slower than
 * usual, and as 1000 times if it fails on and on: failing fast attracts nobody. Streams count while they run, but their
 * length says nothing of latency.
 *
 * @throws RangeError where `decayMs` is no positive number
 */
export function leastLoaded(options: LeastLoadedOptions = {}): SelectorFactory {
  const { decayMs = 10_000, clock = systemClock, random = systemRandom } = options;
  if (!(decayMs > 0 && decayMs < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`leastLoaded: decayMs is ${decayMs}; it must be a positive number of milliseconds`);
  }
  return () => new LeastLoaded({ decayMs, clock, random });
}

/** A smaller difference is chance: the draw stands, in which everybody has the share his weight gives him. */
const clearlyLess = 0.8;

interface Candidate {
  readonly instance: Instance;
  readonly weight: number;
  readonly load: Load;
}

class LeastLoaded implements Selector {
  readonly name = "leastLoaded";
  readonly #decayMs: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #usual = new UsualLatency();
  #candidates: readonly Candidate[] = [];
  #all = new WeightedDraw([]);

  constructor(options: Required<LeastLoadedOptions>) {
    this.#decayMs = options.decayMs;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  update(instances: readonly Instance[]): void {
    const known = new Map(this.#candidates.map(({ instance, load }) => [instance.id, load]));
    this.#candidates = instances.map((instance) => ({
      instance,
      weight: weightOf(instance),
      load: known.get(instance.id) ?? new Load(this.#decayMs, this.#usual),
    }));
    this.#all = new WeightedDraw(instances);
  }

  pick({ method, avoid }: CallInfo): Pick | undefined {
    const now = this.#clock.now();
    const chosen = (avoid.size > 0 ? this.#leastOutside(avoid, now) : undefined) ?? this.#betterOfTwo(now);
    return chosen && new LeastLoadedPick(chosen, method.kind === "unary", this.#clock, now);
  }

  #betterOfTwo(now: number): Candidate | undefined {
    const candidates = this.#candidates;
    if (candidates.length < 2) return candidates[0];
    const first = this.#all.draw(this.#random);
    const one = candidates[first] as Candidate;
    const other = candidates[this.#all.drawOther(this.#random, first)] as Candidate;
    return costOf(other, now) < costOf(one, now) * clearlyLess ? other : one;
  }

  /** A call that has failed elsewhere is rare and dear: everybody is looked at. */
  #leastOutside(avoid: ReadonlySet<string>, now: number): Candidate | undefined {
    let best: Candidate | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const candidate of this.#candidates) {
      if (avoid.has(candidate.instance.id)) continue;
      const cost = costOf(candidate, now);
      if (cost >= least) continue;
      best = candidate;
      least = cost;
    }
    return best;
  }
}

function costOf({ load, weight }: Candidate, now: number): number {
  return load.cost(weight, now);
}

class LeastLoadedPick implements Pick {
  readonly instance: Instance;
  readonly #load: Load;
  readonly #timed: boolean;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #ended = false;

  constructor({ instance, load }: Candidate, timed: boolean, clock: Clock, now: number) {
    this.instance = instance;
    this.#load = load;
    this.#timed = timed;
    this.#clock = clock;
    this.#startedAt = now;
    load.begin(timed);
  }

  /** Only the first counts. */
  done(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    const now = this.#clock.now();
    this.#load.end(this.#timed, now - this.#startedAt, outcome, now);
  }
}
