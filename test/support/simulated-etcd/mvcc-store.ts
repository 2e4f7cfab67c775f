import type {
  ICompare,
  IDeleteRangeRequest,
  IEvent,
  IKeyValue,
  IPutRequest,
  IRangeRequest,
  IRangeResponse,
  IRequestOp,
  IResponseHeader,
  IResponseOp,
  ITxnRequest,
  ITxnResponse,
} from "etcd3";
import { Code } from "../../../src/errors/errors.js";
import type { KeyRange } from "../../../src/registry/etcd/api.js";

/** What etcd answers instead of an answer. */
export class EtcdRefusal extends Error {
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(`etcdserver: ${message}`);
    this.code = code;
  }
}

export const leaseNotFound = (): EtcdRefusal => new EtcdRefusal(Code.NOT_FOUND, "requested lease not found");

/** Who keeps what is under which lease. */
export interface LeaseBook {
  has(lease: string): boolean;
  attach(lease: string, key: string): void;
  detach(lease: string, key: string): void;
}

/**
 * etcd's multi-version store: every transaction that changes something makes one revision. It begins at revision 1, empty.
 * Nothing is ever forgotten, so that what watchers were told can be held against it; what has been compacted is refused.
 */
export class MvccStore {
  readonly #leases: LeaseBook;
  readonly #header: () => Omit<IResponseHeader, "revision">;
  readonly #onCommit: (revision: number, events: readonly IEvent[]) => void;
  readonly #keys = new Map<string, IKeyValue>();
  /** The events of a revision stand at its number. */
  readonly #history: (readonly IEvent[])[] = [[], []];
  #compacted = 0;

  constructor(options: {
    readonly leases: LeaseBook;
    readonly header: () => Omit<IResponseHeader, "revision">;
    readonly onCommit: (revision: number, events: readonly IEvent[]) => void;
  }) {
    this.#leases = options.leases;
    this.#header = options.header;
    this.#onCommit = options.onCommit;
  }

  get revision(): number {
    return this.#history.length - 1;
  }

  /** Watches may begin here, and not before. */
  get compacted(): number {
    return this.#compacted;
  }

  header(revision: number = this.revision): IResponseHeader {
    return { ...this.#header(), revision: String(revision) };
  }

  range(request: IRangeRequest): IRangeResponse {
    const kvs = this.#inRange(request as KeyRange);
    return { header: this.header(), kvs, more: false, count: String(kvs.length) };
  }

  txn({ compare = [], success = [], failure = [] }: ITxnRequest): ITxnResponse {
    const succeeded = compare.every((each) => this.#holds(each));
    const operations = succeeded ? success : failure;
    this.#check(operations);
    const next = this.revision + 1;
    const events: IEvent[] = [];
    const made = operations.map((operation) => this.#apply(operation, next, events));
    this.#commit(events);
    const header = { cluster_id: "0", member_id: "0", revision: String(this.revision), raft_term: "0" };
    return { header: this.header(), succeeded, responses: made.map((make) => make(header)) };
  }

  /** In one revision, as when a lease ends. */
  deleteAll(keys: readonly string[]): void {
    const events: IEvent[] = [];
    for (const key of keys) this.#delete(key, this.revision + 1, events);
    this.#commit(events);
  }

  compact(revision: number): void {
    if (revision <= this.#compacted)
      throw new EtcdRefusal(Code.OUT_OF_RANGE, "mvcc: required revision has been compacted");
    if (revision > this.revision)
      throw new EtcdRefusal(Code.OUT_OF_RANGE, "mvcc: required revision is a future revision");
    this.#compacted = revision;
  }

  /** What one revision has done to a range, as it happened. */
  happened(revision: number, range: KeyRange): readonly IEvent[] {
    return this.#history[revision]?.filter(({ kv }) => within(kv.key, range)) ?? [];
  }

  /**
   * The same as somebody reads it who comes later. A deletion at the very revision up to which was compacted is not to be
   * found any more, though watches may begin there (etcd issue 19179; so does 3.4.23).
   */
  recorded(revision: number, range: KeyRange): readonly IEvent[] {
    const events = this.happened(revision, range);
    return revision === this.#compacted ? events.filter(({ type }) => type === "Put") : events;
  }

  #inRange(range: KeyRange): IKeyValue[] {
    if (range.range_end === undefined) {
      const found = this.#keys.get(latin(range.key));
      return found === undefined ? [] : [found];
    }
    return [...this.#keys.values()].filter(({ key }) => within(key, range)).sort((a, b) => a.key.compare(b.key));
  }

  #holds({ target, result, ...wanted }: ICompare): boolean {
    const found = this.#keys.get(latin(wanted.key as Buffer));
    if (target === "Value") {
      return found !== undefined && compared(found.value.compare(wanted.value as Buffer), result);
    }
    const [has, wants] =
      target === "Lease"
        ? [found?.lease, wanted.lease]
        : target === "Create"
          ? [found?.create_revision, wanted.create_revision]
          : target === "Mod"
            ? [found?.mod_revision, wanted.mod_revision]
            : [found?.version, wanted.version];
    const difference = BigInt(has ?? 0) - BigInt(wants ?? 0);
    return compared(difference < 0n ? -1 : Number(difference > 0n), result);
  }

  /** Before anything is done: a transaction is done whole or not at all. */
  #check(operations: readonly IRequestOp[]): void {
    const put = new Set<string>();
    for (const { request_put } of operations) {
      if (request_put === undefined) continue;
      const key = latin(request_put.key as Buffer);
      if (put.has(key)) throw new EtcdRefusal(Code.INVALID_ARGUMENT, "duplicate key given in txn request");
      put.add(key);
      const lease = leaseOf(request_put);
      if (lease !== "0" && !this.#leases.has(lease)) throw leaseNotFound();
    }
  }

  #apply(operation: IRequestOp, revision: number, events: IEvent[]): (header: IResponseHeader) => IResponseOp {
    if (operation.request_put !== undefined) {
      const before = this.#put(operation.request_put, revision, events);
      const prev_kv = (operation.request_put.prev_kv ? before : undefined) ?? (null as unknown as IKeyValue);
      return (header) => ({ response_put: { header, prev_kv }, response: "response_put" }) as unknown as IResponseOp;
    }
    if (operation.request_delete_range !== undefined) {
      const { prev_kv, ...range } = operation.request_delete_range as IDeleteRangeRequest & KeyRange;
      const gone = this.#inRange(range);
      for (const { key } of gone) this.#delete(latin(key), revision, events);
      const answer = { deleted: String(gone.length), prev_kvs: prev_kv ? gone : [] };
      return (header) =>
        ({ response_delete_range: { header, ...answer }, response: "response_delete_range" }) as unknown as IResponseOp;
    }
    const kvs = this.#inRange(operation.request_range as KeyRange);
    return (header) =>
      ({
        response_range: { header, kvs, more: false, count: String(kvs.length) },
        response: "response_range",
      }) as unknown as IResponseOp;
  }

  #put(request: IPutRequest, revision: number, events: IEvent[]): IKeyValue | undefined {
    const key = latin(request.key as Buffer);
    const before = this.#keys.get(key);
    const lease = leaseOf(request);
    if (before !== undefined && before.lease !== "0") this.#leases.detach(before.lease, key);
    if (lease !== "0") this.#leases.attach(lease, key);
    const kv: IKeyValue = {
      key: request.key as Buffer,
      create_revision: before?.create_revision ?? String(revision),
      mod_revision: String(revision),
      version: String(Number(before?.version ?? 0) + 1),
      value: request.value as Buffer,
      lease,
    };
    this.#keys.set(key, kv);
    events.push({ type: "Put", kv, prev_kv: before as IKeyValue });
    return before;
  }

  #delete(key: string, revision: number, events: IEvent[]): void {
    const before = this.#keys.get(key);
    if (before === undefined) return;
    this.#keys.delete(key);
    if (before.lease !== "0") this.#leases.detach(before.lease, key);
    const kv: IKeyValue = {
      key: before.key,
      create_revision: "0",
      mod_revision: String(revision),
      version: "0",
      value: Buffer.alloc(0),
      lease: "0",
    };
    events.push({ type: "Delete", kv, prev_kv: before });
  }

  #commit(events: readonly IEvent[]): void {
    if (events.length === 0) return;
    this.#history.push(events);
    this.#onCommit(this.revision, events);
  }
}

export function within(key: Buffer, { key: from, range_end: to }: KeyRange): boolean {
  return to === undefined ? key.equals(from) : key.compare(from) >= 0 && key.compare(to) < 0;
}

/** Byte by byte: two keys are the same string only where they are the same key. */
export function latin(key: Buffer): string {
  return key.toString("latin1");
}

function leaseOf({ lease }: IPutRequest): string {
  return String(lease ?? "0");
}

function compared(difference: number, result: ICompare["result"]): boolean {
  if (result === "Greater") return difference > 0;
  if (result === "Less") return difference < 0;
  return result === "NotEqual" ? difference !== 0 : difference === 0;
}
