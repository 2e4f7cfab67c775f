import type { Instance } from "../contract/contract.js";
import { type Random, systemRandom } from "../time/time.js";
import type { CallInfo, Pick, Selector, SelectorFactory } from "./selector.js";
import { WeightedDraw, weightOf } from "./weighted-draw.js";

export interface RandomSelectorOptions {
  /** Default: `systemRandom`. */
  readonly random?: Random;
}

/** Anybody, as likely as his weight: the selector that needs no state and cannot be fooled. */
export function randomSelector(options: RandomSelectorOptions = {}): SelectorFactory {
  const { random = systemRandom } = options;
  return () => new RandomSelector(random);
}

/** Nothing is learnt from a call, so one pick serves them all. */
class Choice implements Pick {
  readonly instance: Instance;
  readonly weight: number;

  constructor(instance: Instance) {
    this.instance = instance;
    this.weight = weightOf(instance);
  }

  done(): void {}
}

class RandomSelector implements Selector {
  readonly name = "random";
  readonly #random: Random;
  #choices: readonly Choice[] = [];
  #all = new WeightedDraw([]);

  constructor(random: Random) {
    this.#random = random;
  }

  update(instances: readonly Instance[]): void {
    this.#choices = instances.map((each) => new Choice(each));
    this.#all = new WeightedDraw(instances);
  }

  pick({ avoid }: CallInfo): Pick | undefined {
    const choices = this.#choices;
    if (choices.length === 0) return undefined;
    return (avoid.size > 0 ? this.#pickOutside(avoid) : undefined) ?? choices[this.#all.draw(this.#random)];
  }

  #pickOutside(avoid: ReadonlySet<string>): Pick | undefined {
    let total = 0;
    for (const { instance, weight } of this.#choices) if (!avoid.has(instance.id)) total += weight;
    let point = this.#random() * total;
    let last: Choice | undefined;
    for (const choice of this.#choices) {
      if (avoid.has(choice.instance.id)) continue;
      last = choice;
      point -= choice.weight;
      if (point < 0) break;
    }
    return last;
  }
}
