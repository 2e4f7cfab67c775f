import type { Timer } from "../../../src/time/time.js";
import type { LeaseBook } from "./mvcc-store.js";
import type { VirtualClock } from "./virtual-clock.js";

export interface Lease {
  readonly id: string;
  readonly ttlS: number;
  /** Who asked for it. */
  readonly owner: string;
  readonly keys: ReadonlySet<string>;
  readonly grantedMs: number;
}

interface Kept extends Lease {
  readonly keys: Set<string>;
  dueMs: number;
  /** Whoever asked to renew it when it had run out. */
  asked: ((ttlS: number) => void)[];
  timer: Timer | undefined;
}

export interface LessorOptions {
  readonly clock: VirtualClock;
  readonly random: () => number;
  /** Whether leases can end now: somebody must lead and be awake for that. */
  readonly active: () => boolean;
  /** A lease has ended; everything that was under it goes, at once. */
  readonly ended: (lease: Lease, keys: readonly string[], why: "expired" | "revoked") => void;
}

/** etcd looks for leases that have run out twice a second. */
const sweepMs = 500;
/** Longer than JavaScript's numbers, as real ones. */
const firstId = 7_587_000_000_000_000_000n;

/** etcd's leases. */
export class Lessor implements LeaseBook {
  readonly #options: LessorOptions;
  readonly #leases = new Map<string, Kept>();
  #granted = 0n;

  constructor(options: LessorOptions) {
    this.#options = options;
  }

  get all(): readonly Lease[] {
    return [...this.#leases.values()];
  }

  /** The shortest there is takes 1 s, as where elections take 0.6 s or less. */
  grant(ttlS: number, owner: string): Lease {
    this.#granted += 1n;
    const id = String(firstId + this.#granted);
    const grantedMs = this.#options.clock.now();
    const lease: Kept = {
      id,
      ttlS: Math.max(1, ttlS),
      owner,
      keys: new Set(),
      grantedMs,
      dueMs: 0,
      asked: [],
      timer: undefined,
    };
    this.#leases.set(id, lease);
    this.#extend(lease);
    return lease;
  }

  /**
   * Answers with the time to live in s, 0 where the lease is gone. Of one that has run out nothing is said until it is gone,
   * or somebody leads anew and lets it live.
   */
  keepAlive(id: string, answer: (ttlS: number) => void): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) {
      answer(0);
    } else if (this.#overdue(lease)) {
      lease.asked.push(answer);
    } else {
      lease.dueMs = this.#options.clock.now() + lease.ttlS * 1_000;
      answer(lease.ttlS);
    }
  }

  /** @returns whole seconds left, rounded down; -1 where it is gone */
  timeToLive(id: string): { readonly leftS: number; readonly grantedS: number } {
    const lease = this.#leases.get(id);
    if (lease === undefined) return { leftS: -1, grantedS: 0 };
    const leftS = Math.trunc((lease.dueMs - this.#options.clock.now()) / 1_000);
    return { leftS: Math.max(0, leftS), grantedS: lease.ttlS };
  }

  /** @returns whether there was one */
  revoke(id: string): boolean {
    const lease = this.#leases.get(id);
    if (lease !== undefined) this.#end(lease, "revoked");
    return lease !== undefined;
  }

  has(id: string): boolean {
    return this.#leases.has(id);
  }

  attach(id: string, key: string): void {
    this.#leases.get(id)?.keys.add(key);
  }

  detach(id: string, key: string): void {
    this.#leases.get(id)?.keys.delete(key);
  }

  /** Who leads anew knows nothing of when leases were renewed, and gives each its full time. */
  extendAll(): void {
    for (const lease of this.#leases.values()) this.#extend(lease);
  }

  /** Forgets everything. */
  clear(): void {
    for (const { timer } of this.#leases.values()) timer?.cancel();
    this.#leases.clear();
  }

  /** Awake again: what has run out meanwhile ends. */
  sweep(): void {
    for (const lease of [...this.#leases.values()]) {
      lease.timer?.cancel();
      this.#await(lease, 0);
    }
  }

  #extend(lease: Kept): void {
    lease.dueMs = this.#options.clock.now() + lease.ttlS * 1_000;
    lease.timer?.cancel();
    this.#await(lease, lease.ttlS * 1_000);
    for (const answer of lease.asked.splice(0)) answer(lease.ttlS);
  }

  #await(lease: Kept, ms: number): void {
    const { clock, random, active } = this.#options;
    lease.timer = clock.later(ms + sweepMs * random(), () => {
      if (!active()) return;
      if (this.#overdue(lease)) this.#end(lease, "expired");
      else this.#await(lease, lease.dueMs - clock.now());
    });
  }

  #overdue({ dueMs }: Kept): boolean {
    return this.#options.clock.now() >= dueMs;
  }

  #end(lease: Kept, why: "expired" | "revoked"): void {
    lease.timer?.cancel();
    this.#leases.delete(lease.id);
    this.#options.ended(lease, [...lease.keys].sort(), why);
    for (const answer of lease.asked.splice(0)) answer(0);
  }
}
