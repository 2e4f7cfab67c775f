import type { IEvent, IRangeRequest, IRangeResponse, IResponseHeader, ITxnRequest, ITxnResponse } from "etcd3";
import { Code } from "../../../src/errors/errors.js";
import type { Random, Timer } from "../../../src/time/time.js";
import type { History } from "./history.js";
import { type Lease, Lessor } from "./lessor.js";
import { EtcdRefusal, latin, leaseNotFound, MvccStore } from "./mvcc-store.js";
import type { VirtualClock } from "./virtual-clock.js";
import type { WatchHost } from "./watch-server.js";

export interface SimulatedEtcdOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly history: History;
  /** How often a quiet watch that asked for it hears how far etcd is, in ms. Default: 600 000. */
  readonly progressMs?: number;
  /** Default: false. See `WatchHost`. */
  readonly hastyProgress?: boolean;
}

/** Why keys have gone. */
export type Removal = "deleted" | "expired" | "revoked" | "data lost";

/** Is told what becomes of the data. */
export interface EtcdObserver {
  changed(events: readonly IEvent[], why: Removal, lease: Lease | undefined): void;
  /** Everything is gone, without a revision. */
  wiped(): void;
}

/** Somebody who is connected, as etcd sees him. */
export interface Peer {
  committed(revision: number): void;
  /** It ends every stream that asked for a leader. */
  leaderLost(): void;
  /** etcd is dead; so are its connections. */
  reset(): void;
  /** etcd sleeps, and answers nothing, not even a ping. */
  frozen(): void;
  /** It is awake again. */
  thawed(): void;
}

/**
 * etcd 3.4 in memory, as far as clients can see it: what it answers, when leases end, what watches tell, and what becomes
 * of all that when it is killed, frozen, wiped or without a leader.
 */
export class SimulatedEtcd implements WatchHost {
  readonly random: Random;
  readonly progressMs: number;
  readonly hastyProgress: boolean;
  readonly #clock: VirtualClock;
  readonly #history: History;
  readonly #lessor: Lessor;
  readonly #peers = new Set<Peer>();
  readonly observers = new Set<EtcdObserver>();
  #store: MvccStore;
  #state: "up" | "down" | "frozen" = "up";
  #leader = true;
  #term = 2;
  #clusterId = 4_153_263_655_121_319_859n;
  /** Grows when tokens expire. */
  #tokens = 1;
  /** What is to be done once it is awake. */
  #waiting: (() => void)[] = [];
  #lives = 1;
  /** When it last failed to tell a watch something that the watch cannot miss. */
  hidMs: number = Number.NEGATIVE_INFINITY;
  /** When it was last well again after it was not. */
  recoveredMs: number = Number.NEGATIVE_INFINITY;
  #removal: { readonly why: Removal; readonly lease: Lease | undefined } = { why: "deleted", lease: undefined };

  constructor({ clock, random, history, progressMs = 600_000, hastyProgress = false }: SimulatedEtcdOptions) {
    this.random = random;
    this.progressMs = progressMs;
    this.hastyProgress = hastyProgress;
    this.#clock = clock;
    this.#history = history;
    this.#lessor = new Lessor({
      clock,
      random,
      active: () => this.#state === "up" && this.#leader,
      ended: (lease, keys, why) => this.#removing(why, lease, () => this.store.deleteAll(keys)),
    });
    this.#store = this.#empty();
  }

  get store(): MvccStore {
    return this.#store;
  }

  get leases(): readonly Lease[] {
    return this.#lessor.all;
  }

  get connections(): number {
    return this.#peers.size;
  }

  get state(): "up" | "down" | "frozen" {
    return this.#state;
  }

  get token(): number {
    return this.#tokens;
  }

  /** @throws EtcdRefusal for who comes with an old token, or where nobody leads */
  authorize(token: number): void {
    if (token !== this.#tokens) throw new EtcdRefusal(Code.UNAUTHENTICATED, "invalid auth token");
    if (!this.#leader) throw new EtcdRefusal(Code.UNAVAILABLE, "no leader");
  }

  get hasLeader(): boolean {
    return this.#leader;
  }

  range(request: IRangeRequest): IRangeResponse {
    return this.#store.range(request);
  }

  txn(request: ITxnRequest): ITxnResponse {
    return this.#store.txn(request);
  }

  grant(ttlS: number, owner: string): Lease {
    const lease = this.#lessor.grant(ttlS, owner);
    this.#history.add("etcd", `grants ${lease.id.slice(-3)} for ${lease.ttlS} s to ${owner}`);
    return lease;
  }

  revoke(lease: string): void {
    if (!this.#lessor.revoke(lease)) throw leaseNotFound();
  }

  keepAlive(lease: string, answer: (ttlS: number) => void): void {
    this.#lessor.keepAlive(lease, answer);
  }

  timeToLive(lease: string): number {
    return this.#lessor.timeToLive(lease).leftS;
  }

  compact(revision: number): void {
    this.#store.compact(revision);
    this.#history.add("etcd", `compacts up to ${revision}`);
  }

  expireTokens(): void {
    this.#tokens += 1;
    this.#history.add("etcd", "tokens expire");
  }

  /** @returns what ends the connection, on etcd's side */
  connect(peer: Peer): () => void {
    this.#peers.add(peer);
    return () => this.#peers.delete(peer);
  }

  hide(): void {
    this.#history.add("etcd", "does not tell what was deleted where it was compacted");
    this.hidMs = this.#clock.now();
  }

  later(ms: number, work: () => void): Timer {
    const life = this.#lives;
    return this.#clock.later(ms, () => {
      if (life === this.#lives) this.whenAwake(work);
    });
  }

  /** At once, or when it is awake again; never where it dies before. */
  whenAwake(work: () => void): void {
    if (this.#state === "up") work();
    else if (this.#state === "frozen") this.#waiting.push(work);
  }

  /** As by SIGSTOP. */
  freeze(): void {
    this.#history.add("etcd", "freezes");
    this.#state = "frozen";
    for (const peer of this.#peers) peer.frozen();
  }

  thaw(): void {
    this.#history.add("etcd", "thaws");
    this.recoveredMs = this.#clock.now();
    this.#state = "up";
    this.#lessor.sweep();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const work of waiting) this.#clock.later(5 * this.random(), () => this.whenAwake(work));
    for (const peer of this.#peers) peer.thawed();
  }

  kill(): void {
    this.#history.add("etcd", "dies");
    this.#state = "down";
    this.#lives += 1;
    this.#waiting = [];
    for (const peer of [...this.#peers]) peer.reset();
    this.#peers.clear();
  }

  /** @param data `same cluster`: gone, and nothing but revision and term show it, as where a folder was emptied */
  start(data: "kept" | "gone" | "gone, same cluster" = "kept"): void {
    this.#history.add("etcd", `starts, data ${data}`);
    this.recoveredMs = this.#clock.now();
    this.#state = "up";
    this.#term += 1;
    if (data !== "kept") this.#wipe(data === "gone");
    this.#lessor.extendAll();
  }

  loseLeader(): void {
    this.#history.add("etcd", "has no leader");
    this.#leader = false;
    for (const peer of [...this.#peers]) peer.leaderLost();
  }

  /** Leases have their full time again. */
  electLeader(): void {
    this.#history.add("etcd", "has a leader");
    this.recoveredMs = this.#clock.now();
    this.#leader = true;
    this.#term += 1;
    this.#lessor.extendAll();
  }

  /** By hand: nobody's own doing. */
  byHand(what: string, work: () => void): void {
    this.#history.add("hand", what);
    work();
  }

  #wipe(otherCluster: boolean): void {
    this.#lessor.clear();
    this.#term = 2;
    if (otherCluster) this.#clusterId += 1n;
    this.#store = this.#empty();
    for (const observer of this.observers) observer.wiped();
  }

  #empty(): MvccStore {
    return new MvccStore({
      leases: this.#lessor,
      header: () => this.#header(),
      onCommit: (revision, events) => this.#committed(revision, events),
    });
  }

  #header(): Omit<IResponseHeader, "revision"> {
    const cluster_id = String(this.#clusterId);
    return { cluster_id, member_id: "5066952813883492375", raft_term: String(this.#term) };
  }

  #removing(why: Removal, lease: Lease, work: () => void): void {
    this.#history.add("etcd", `lease ${lease.id.slice(-3)} of ${lease.owner} ${why}`);
    this.#removal = { why, lease };
    work();
    this.#removal = { why: "deleted", lease: undefined };
  }

  #committed(revision: number, events: readonly IEvent[]): void {
    const what = events.map(
      ({ type, kv }) => `${type === "Put" ? "+" : "-"}${latin(kv.key).split("/").slice(-2).join("/")}`,
    );
    this.#history.add("etcd", `${revision}: ${what.join(" ")}`);
    for (const observer of this.observers) observer.changed(events, this.#removal.why, this.#removal.lease);
    for (const peer of this.#peers) peer.committed(revision);
  }
}
