import type { Instance } from "../contract/contract.js";
import { type Random, systemRandom } from "../time/time.js";
import type { CallInfo, Pick, Selector, SelectorFactory } from "./selector.js";
import { weightOf } from "./weighted-draw.js";

export interface RoundRobinOptions {
  /** Decides who begins, so that a thousand clients do not all begin with the same. Default: `systemRandom`. */
  readonly random?: Random;
}

/**
 * One after the other; he whose weight is double has two turns, never in a row where it can be helped.
 * Nginx's smooth weighted round robin: every pick gives everybody credit of his weight, and the richest pays for all.
 */
export function roundRobin(options: RoundRobinOptions = {}): SelectorFactory {
  const { random = systemRandom } = options;
  return () => new RoundRobin(random);
}

/** Nothing is learnt from a call, so one pick serves all that fall to this instance. */
class Turn implements Pick {
  readonly instance: Instance;
  readonly weight: number;
  credit: number;

  constructor(instance: Instance, credit: number) {
    this.instance = instance;
    this.weight = weightOf(instance);
    this.credit = credit;
  }

  done(): void {}
}

const nobody: ReadonlySet<string> = new Set();

class RoundRobin implements Selector {
  readonly name = "roundRobin";
  readonly #random: Random;
  #turns: readonly Turn[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  update(instances: readonly Instance[]): void {
    const old = this.#turns;
    const credits = new Map(old.map((turn) => [turn.instance.id, turn.credit]));
    const staying = instances.flatMap(({ id }) => credits.get(id) ?? []);
    // Credit is measured in rounds: what those who left owe, or a longer round allowed, must not outlive them.
    const mean = staying.reduce((sum, credit) => sum + credit, 0) / staying.length;
    const scale = totalWeight(instances) / totalWeight(old.map(({ instance }) => instance));
    this.#turns = instances.map((instance) => {
      const credit = credits.get(instance.id);
      return new Turn(instance, credit === undefined ? this.#random() * weightOf(instance) : (credit - mean) * scale);
    });
  }

  pick({ avoid }: CallInfo): Pick | undefined {
    return this.#next(avoid) ?? (avoid.size > 0 ? this.#next(nobody) : undefined);
  }

  #next(avoid: ReadonlySet<string>): Turn | undefined {
    let total = 0;
    let richest: Turn | undefined;
    for (const turn of this.#turns) {
      if (avoid.size > 0 && avoid.has(turn.instance.id)) continue;
      turn.credit += turn.weight;
      total += turn.weight;
      if (richest === undefined || turn.credit > richest.credit) richest = turn;
    }
    if (richest !== undefined) richest.credit -= total;
    return richest;
  }
}

function totalWeight(instances: readonly Instance[]): number {
  return instances.reduce((sum, each) => sum + weightOf(each), 0);
}
