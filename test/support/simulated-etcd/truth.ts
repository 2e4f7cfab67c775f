import type { IEvent } from "etcd3";
import type { Instance } from "../../../src/contract/contract.js";
import type { Keys } from "../../../src/registry/etcd/layout.js";
import type { Lease } from "./lessor.js";
import type { EtcdObserver, Removal } from "./simulated-etcd.js";

/** Instances by id, each in one word that tells one version of it from another. */
export type Members = ReadonlyMap<string, string>;

/**
 * Why an instance went: `own`, its registry took it out; `hand`, somebody else did; `cut off`, its registry could not
 * renew it while etcd was well; `outage`, etcd let it go, or lost it, by its own fault.
 */
export type Cause = "own" | "hand" | "cut off" | "outage";

export interface TruthOptions {
  readonly keys: Pick<Keys, "decode">;
  /** Whether that registry was cut off lately. */
  readonly cutOff: (owner: string) => boolean;
}

interface ServiceTruth {
  readonly states: Members[];
  /** Which state was the first without it, and why. */
  readonly removals: Map<string, { readonly state: number; readonly cause: Cause }[]>;
}

const nobody: Members = new Map();

/** Every set that was ever true of a service, in order. */
export class Truth implements EtcdObserver {
  readonly #options: TruthOptions;
  readonly #services = new Map<string, ServiceTruth>();
  readonly #words = new WeakMap<Buffer, string>();
  /** What happens now is done by hand. */
  byHand = false;

  constructor(options: TruthOptions) {
    this.#options = options;
  }

  of(service: string): readonly Members[] {
    return this.#service(service).states;
  }

  now(service: string): Members {
    return this.#service(service).states.at(-1)!;
  }

  /** How often a service has become empty. */
  emptied(service: string): number {
    return this.of(service).filter(({ size }, at) => at > 0 && size === 0).length;
  }

  /** Why it was not there in a given state. */
  causeOfAbsence(service: string, id: string, state: number): Cause | undefined {
    return this.#service(service)
      .removals.get(id)
      ?.findLast((removal) => removal.state <= state)?.cause;
  }

  changed(events: readonly IEvent[], why: Removal, lease: Lease | undefined): void {
    const touched = new Map<string, Map<string, string>>();
    for (const { type, kv } of events) {
      const key = kv.key.toString();
      const [service, id] = key.split("/").slice(-2) as [string, string];
      const members = touched.get(service) ?? new Map(this.now(service));
      touched.set(service, members);
      const word = type === "Put" ? this.#word(key, kv.value) : "";
      if (word !== "") members.set(id, word);
      else if (members.delete(id)) this.#gone(service, id, this.#cause(why, lease));
    }
    for (const [service, members] of touched) this.#push(service, members);
  }

  wiped(): void {
    for (const [service, { states }] of this.#services) {
      for (const id of states.at(-1)!.keys()) this.#gone(service, id, "outage");
      this.#push(service, nobody);
    }
  }

  #service(service: string): ServiceTruth {
    let truth = this.#services.get(service);
    if (truth === undefined) {
      truth = { states: [nobody], removals: new Map() };
      this.#services.set(service, truth);
    }
    return truth;
  }

  #push(service: string, members: Members): void {
    if (!same(members, this.now(service))) this.#service(service).states.push(members);
  }

  #gone(service: string, id: string, cause: Cause): void {
    const { states, removals } = this.#service(service);
    removals.set(id, [...(removals.get(id) ?? []), { state: states.length, cause }]);
  }

  #cause(why: Removal, lease: Lease | undefined): Cause {
    if (this.byHand) return "hand";
    if (why !== "expired") return "own";
    return this.#options.cutOff(lease!.owner) ? "cut off" : "outage";
  }

  /** Nothing for a value that is no instance. */
  #word(key: string, value: Buffer): string {
    let word = this.#words.get(value);
    if (word === undefined) {
      try {
        word = this.#options.keys.decode(key, value).map(wordOf).join();
      } catch {
        word = "";
      }
      this.#words.set(value, word);
    }
    return word;
  }
}

export function wordOf({ metadata, state, weight }: Instance): string {
  return `${metadata.n}${state === "serving" ? "" : state}${weight === 100 ? "" : weight}`;
}

export function same(a: Members, b: Members): boolean {
  return a.size === b.size && [...a].every(([id, word]) => b.get(id) === word);
}

export function shown(members: Members): string {
  return `{${[...members].map(([id, word]) => `${id}@${word}`).join(" ")}}`;
}
