import type { GroupSpec, ProcessSpec } from "../spec.js";
import { type Placed, startOrder } from "../start-order.js";
import type { Member } from "./member.js";

type Spec = ProcessSpec | GroupSpec;

/** The members of one group, and which member comes after which. */
export class Members<M extends Member> {
  readonly #make: (spec: Spec) => M;
  readonly #byName = new Map<string, M>();
  #order: readonly Placed<Spec>[] = [];

  constructor(make: (spec: Spec) => M) {
    this.#make = make;
  }

  /** In an order in which they can start. */
  get list(): readonly M[] {
    return this.#order.map(({ item }) => this.#byName.get(item.name) as M);
  }

  get specs(): readonly Spec[] {
    return this.#order.map(({ item }) => item);
  }

  /** Makes the group consist of these. Members that are there already stay as they are; others are forgotten. */
  arrange(specs: readonly Spec[]): void {
    this.#order = startOrder(specs);
    for (const name of this.#byName.keys()) if (!specs.some((spec) => spec.name === name)) this.#byName.delete(name);
    for (const spec of specs) if (!this.#byName.has(spec.name)) this.#byName.set(spec.name, this.#make(spec));
  }

  /** Whether the members that this one comes after are all up or idle. */
  mayStart({ name }: Member): boolean {
    const after = this.#after(name);
    return this.list.every((other) => !after.has(other.name) || other.up || other.idle);
  }

  /** Stops some members, each after those of them that come after it have stopped. @param how Default: `member.stop()` */
  async stop(
    some: readonly Member[],
    how: (member: M) => Promise<void> | undefined = (member) => member.stop(),
  ): Promise<void> {
    const stops = new Map<string, Promise<void>>();
    for (const member of this.list.filter((each) => some.includes(each)).reverse()) {
      const first = [...stops].filter(([name]) => this.#after(name).has(member.name)).map(([, stop]) => stop);
      stops.set(
        member.name,
        (async () => {
          if (first.length > 0) await Promise.all(first);
          await how(member);
        })(),
      );
    }
    await Promise.all(stops.values());
  }

  #after(name: string): ReadonlySet<string> {
    return this.#order.find(({ item }) => item.name === name)?.after ?? new Set();
  }
}
