import { isUtf8 } from "node:buffer";
import type { IEvent, IKeyValue, IRangeResponse, IResponseHeader } from "etcd3";
import type { Entry } from "../api.js";

/** A range of keys as it was at one revision. It goes forward only, as long as it is the same etcd that speaks. */
export class RangeState {
  /** Every key, and what is kept there. */
  readonly entries: Map<string, Entry> = new Map();
  #revision = 0n;
  #clusterId: string | undefined;
  #term = 0n;
  #history = 0;

  /** Everything up to here is known. */
  get revision(): bigint {
    return this.#revision;
  }

  /** Grows whenever the data of etcd proved to be not what it was before: wiped, put back from a backup, another etcd. */
  get history(): number {
    return this.#history;
  }

  /** Whether it is another etcd that speaks. */
  isForeign({ cluster_id }: IResponseHeader): boolean {
    return this.#clusterId !== undefined && cluster_id !== this.#clusterId;
  }

  /** Whether who speaks knows less than is known here. */
  isAhead({ revision, raft_term }: IResponseHeader): boolean {
    return BigInt(revision) < this.#revision || BigInt(raft_term) < this.#term;
  }

  /**
   * Takes over a list.
   *
   * @param askedAt what was known when it was asked for: etcd cannot have known less then, and terms only grow
   * @param meanwhile events that have been applied since
   * @returns how many keys are not as they were
   */
  list({ header, kvs }: IRangeResponse, askedAt: bigint, meanwhile: readonly IEvent[] = []): number {
    const revision = BigInt(header.revision);
    const term = BigInt(header.raft_term);
    const isNew = this.isForeign(header) || revision < askedAt || term < this.#term;
    if (isNew) this.#history += 1;
    const listed = new Map(kvs.map((kv) => [keyOf(kv), entryOf(kv)]));
    if (!isNew) for (const event of meanwhile) if (revisionOf(event) > revision) apply(listed, event);
    const changes = differences(this.entries, listed);
    this.entries.clear();
    for (const [key, entry] of listed) this.entries.set(key, entry);
    this.#revision = isNew || revision > this.#revision ? revision : this.#revision;
    this.#clusterId = header.cluster_id;
    this.#term = term;
    return changes;
  }

  /** Applies what is not known yet. @returns how many events that were */
  apply(events: readonly IEvent[]): number {
    const fresh = events.filter((event) => revisionOf(event) > this.#revision);
    for (const event of fresh) {
      apply(this.entries, event);
      this.reached(revisionOf(event));
    }
    return fresh.length;
  }

  /** Nothing has happened that is not known, up to this revision. */
  reached(revision: bigint): void {
    if (revision > this.#revision) this.#revision = revision;
  }
}

function revisionOf({ kv }: IEvent): bigint {
  return BigInt(kv.mod_revision);
}

function apply(entries: Map<string, Entry>, { type, kv }: IEvent): void {
  if (type === "Delete") entries.delete(keyOf(kv));
  else entries.set(keyOf(kv), entryOf(kv));
}

function entryOf({ value, lease }: IKeyValue): Entry {
  return { value, lease };
}

/** Keys that are no text are told apart too. */
function keyOf({ key }: IKeyValue): string {
  return isUtf8(key) ? key.toString() : `\u{fffd}${key.toString("hex")}`;
}

function differences(before: ReadonlyMap<string, Entry>, now: ReadonlyMap<string, Entry>): number {
  let count = 0;
  for (const [key, entry] of now) if (!isSame(before.get(key), entry)) count += 1;
  for (const key of before.keys()) if (!now.has(key)) count += 1;
  return count;
}

function isSame(one: Entry | undefined, other: Entry): boolean {
  return one !== undefined && one.lease === other.lease && one.value.equals(other.value);
}
