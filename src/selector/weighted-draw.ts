import type { Instance } from "../contract/contract.js";
import type { Random } from "../time/time.js";

/** A weight that is missing or makes no sense counts as the usual one, as it does in a registry. */
export function weightOf(instance: Instance): number {
  return instance.weight > 0 && Number.isFinite(instance.weight) ? instance.weight : 100;
}

/** Draws from a set, everybody as likely as his weight. Made anew when the set changes; a draw allocates nothing. */
export class WeightedDraw {
  /** Running sums of the weights. */
  readonly #ends: Float64Array;

  constructor(instances: readonly Instance[]) {
    let sum = 0;
    this.#ends = Float64Array.from(instances, (each) => {
      sum += weightOf(each);
      return sum;
    });
  }

  /** An index into a set that is not empty. */
  draw(random: Random): number {
    return this.#at(random() * this.#total);
  }

  /** Another index than `first`, from a set of at least two. */
  drawOther(random: Random, first: number): number {
    const start = this.#ends[first - 1] ?? 0;
    const weight = (this.#ends[first] as number) - start;
    const point = random() * (this.#total - weight);
    return this.#at(point < start ? point : point + weight);
  }

  get #total(): number {
    return this.#ends[this.#ends.length - 1] as number;
  }

  #at(point: number): number {
    let low = 0;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (point < (this.#ends[middle] as number)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
