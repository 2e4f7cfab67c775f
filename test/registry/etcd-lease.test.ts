import { EventEmitter } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import type { EtcdApi, KeepAliveStream } from "../../src/registry/etcd/api.js";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { EtcdLease } from "../../src/registry/etcd/lease/lease.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { type Clock, systemClock } from "../../src/time/time.js";
import { ManualClock } from "../support/manual-clock.js";

/** A keepalive stream whose other end is the test. */
class Stream extends EventEmitter {
  readonly #etcd: ScriptedEtcd;
  beats = 0;
  cancelled = false;

  constructor(etcd: ScriptedEtcd) {
    super();
    this.#etcd = etcd;
  }

  write({ ID }: { ID: string }): void {
    this.beats += 1;
    this.#etcd.answer(() => this.emit("data", { ID, TTL: String(this.#etcd.living.get(ID) ?? 0) }));
  }

  end(): void {}

  cancel(): void {
    this.cancelled = true;
  }
}

type LeaseApi = Pick<EtcdApi, "grant" | "isAlive" | "revoke" | "keepAlive" | "failure" | "suspect" | "untilBack">;

/** etcd as far as a lease sees it. */
class ScriptedEtcd implements LeaseApi {
  readonly asked: string[] = [];
  readonly streams: Stream[] = [];
  readonly suspected: string[] = [];
  ttlSeconds = 6;
  /** Leases and their times to live, in s. */
  readonly living = new Map<string, number>();
  away: RpcError | undefined;
  /** Nothing is answered, and nothing fails. */
  frozen = false;
  /** How a renewal is answered. */
  answer: (say: () => void) => void = (say) => {
    if (!this.frozen) say();
  };
  back: () => void = () => {};
  #grants = 0;

  get grants(): number {
    return this.#grants;
  }

  async grant(): Promise<{ leaseId: string; ttlMs: number }> {
    await this.#ask("grant");
    this.#grants += 1;
    const leaseId = `lease-${this.#grants}`;
    this.living.set(leaseId, this.ttlSeconds);
    return { leaseId, ttlMs: this.ttlSeconds * 1_000 };
  }

  async isAlive(leaseId: string): Promise<boolean> {
    await this.#ask(`isAlive ${leaseId}`);
    return this.living.has(leaseId);
  }

  async revoke(leaseId: string): Promise<void> {
    await this.#ask(`revoke ${leaseId}`);
    this.living.delete(leaseId);
  }

  async keepAlive(): Promise<KeepAliveStream> {
    await this.#ask("keepAlive");
    const stream = new Stream(this);
    this.streams.push(stream);
    return stream as unknown as KeepAliveStream;
  }

  failure(reason: unknown): RpcError {
    return reason instanceof RpcError ? reason : new RpcError(Code.UNAVAILABLE, `etcd: ${reason}`);
  }

  suspect(why: string): void {
    this.suspected.push(why);
  }

  untilBack(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.back = resolve;
      signal.addEventListener("abort", () => resolve());
    });
  }

  async #ask(question: string): Promise<void> {
    this.asked.push(question);
    if (this.away !== undefined) throw this.away;
    if (this.frozen) await new Promise(() => {});
  }
}

const unavailable = new RpcError(Code.UNAVAILABLE, "etcd: away");

interface Trial {
  readonly etcd: ScriptedEtcd;
  readonly lease: EtcdLease;
  readonly told: string[];
  readonly renewals: boolean[];
}

function begin(clock: Clock, ttlMs: number, random = () => 0.5): Trial {
  const renewals: boolean[] = [];
  const monitor = (event: RegistryEvent) => {
    if (event.type === "renewal") renewals.push(event.ok);
  };
  const options = resolveEtcdOptions({ hosts: "127.0.0.1:1", ttlMs, clock, random, monitor });
  const etcd = new ScriptedEtcd();
  const told: string[] = [];
  const lease = new EtcdLease(etcd as unknown as EtcdApi, options, {
    granted: (leaseId) => told.push(`granted ${leaseId} at ${clock.now()}`),
    lost: (leaseId) => told.push(`lost ${leaseId} at ${clock.now()}`),
    failed() {},
  });
  lease.start();
  return { etcd, lease, told, renewals };
}

async function hold(random?: () => number): Promise<Trial & { readonly clock: ManualClock }> {
  const clock = new ManualClock(0);
  const trial = begin(clock, 6_000, random);
  await clock.run(0);
  return { clock, ...trial };
}

describe("the lease at etcd", () => {
  test("is renewed three times per time to live, over one stream", async () => {
    const { clock, etcd, told, renewals } = await hold();
    await clock.run(59_999);
    expect(etcd.streams.map(({ beats }) => beats)).toEqual([30]);
    expect(told).toEqual(["granted lease-1 at 0"]);
    expect(renewals).toEqual(Array(30).fill(true));
  });

  test("is lost when nothing has been heard for its whole time to live", async () => {
    const { clock, etcd, told } = await hold();
    await clock.run(2_000);
    etcd.frozen = true;
    await clock.run(5_999);
    expect(told).toHaveLength(1);
    await clock.run(1);
    expect(told).toEqual(["granted lease-1 at 0", "lost lease-1 at 8000"]);
    expect(etcd.streams.every(({ cancelled }) => cancelled)).toBe(true);
  });

  test("an answer proves it from when it was asked for, not from when it came", async () => {
    const { clock, etcd, told } = await hold();
    etcd.answer = (say) => clock.timer(1_900, say);
    await clock.run(3_900);
    etcd.frozen = true;
    etcd.answer = () => {};
    await clock.run(4_099);
    expect(told).toHaveLength(1);
    await clock.run(1);
    expect(told.at(-1)).toBe("lost lease-1 at 8000");
  });

  test("a stream on which a renewal is not answered before the next is due gives way to another", async () => {
    const { clock, etcd, told, renewals } = await hold();
    etcd.answer = () => {};
    await clock.run(3_999);
    expect([etcd.streams.length, etcd.suspected]).toEqual([1, []]);
    await clock.run(1);
    expect(etcd.streams[0]!.cancelled).toBe(true);
    expect(etcd.suspected).toEqual(["no renewal of the lease was answered within 2000 ms"]);
    etcd.answer = (say) => say();
    await clock.run(30_000);
    expect(etcd.streams).toHaveLength(2);
    expect(told).toEqual(["granted lease-1 at 0"]);
    expect(renewals.filter((ok) => !ok)).toHaveLength(1);
  });

  test("a stream that is never opened counts as one that is not answered", async () => {
    const { clock, etcd, told } = await hold();
    etcd.frozen = true;
    etcd.streams[0]!.emit("error", new Error("reset"));
    await clock.run(2_050);
    expect(etcd.suspected).toHaveLength(1);
    etcd.frozen = false;
    await clock.run(10_000);
    expect(told).toEqual(["granted lease-1 at 0"]);
  });

  test("a process that was held up reads what has come before it calls etcd silent", async () => {
    const { etcd, lease, renewals } = begin(systemClock, 1_000);
    etcd.ttlSeconds = 0.3;
    const renewed = new Promise<void>((resolve) => {
      etcd.answer = (say) => {
        setImmediate(() => {
          // Is read after whatever timer is due by then.
          setImmediate(() => {
            say();
            if (renewals.length === 2) resolve();
          });
          const untilMs = systemClock.now() + 150;
          while (systemClock.now() < untilMs);
        });
      };
    });
    await renewed;
    await lease.close();
    expect([renewals, etcd.suspected]).toEqual([[true, true], []]);
  });

  test("is gone at once when etcd says so, and another is granted", async () => {
    const { clock, etcd, told } = await hold();
    etcd.living.clear();
    await clock.run(2_000);
    await clock.run(400);
    expect(told).toEqual(["granted lease-1 at 0", "lost lease-1 at 2000", "granted lease-2 at 2400"]);
    expect(etcd.asked).not.toContain("isAlive lease-1");
  });

  test.each(["error", "end"])("survives a stream that comes to its end (%s), while there is time", async (event) => {
    const { clock, etcd, told } = await hold();
    etcd.streams[0]!.emit(event, new Error("reset"));
    await clock.run(30_000);
    expect(etcd.streams).toHaveLength(2);
    expect(told).toEqual(["granted lease-1 at 0"]);
  });

  test("that ran out while the stream was broken is not renewed but replaced", async () => {
    const { clock, etcd, told } = await hold();
    etcd.living.clear();
    etcd.streams[0]!.emit("end");
    await clock.run(50);
    await clock.run(400);
    expect(told).toEqual(["granted lease-1 at 0", "lost lease-1 at 50", "granted lease-2 at 450"]);
  });

  describe("after an outage that was longer than its time to live", () => {
    async function outage(): Promise<Trial & { readonly clock: ManualClock }> {
      const trial = await hold();
      trial.etcd.away = unavailable;
      trial.etcd.streams[0]!.emit("error", new Error("reset"));
      await trial.clock.run(60_000);
      expect(trial.told).toEqual(["granted lease-1 at 0", "lost lease-1 at 6000"]);
      expect(trial.etcd.grants).toBe(1);
      return trial;
    }

    test("it is held again where etcd has kept it, and no other is granted", async () => {
      const { clock, etcd, told } = await outage();
      etcd.away = undefined;
      etcd.back();
      await clock.run(400);
      expect(told.slice(2)).toEqual(["granted lease-1 at 60400"]);
      await clock.run(60_000);
      expect([told.length, etcd.grants]).toEqual([3, 1]);
    });

    test("another is granted where etcd has let it expire", async () => {
      const { clock, etcd, told } = await outage();
      etcd.living.clear();
      etcd.away = undefined;
      etcd.back();
      await clock.run(400);
      expect(told.slice(2)).toEqual(["granted lease-2 at 60400"]);
    });

    test("another is granted where etcd does not say, and the first is revoked once nothing is under it", async () => {
      const { clock, etcd, lease, told } = await outage();
      etcd.away = new RpcError(Code.PERMISSION_DENIED, "etcd: may not");
      etcd.back();
      const granted = clock.run(400);
      etcd.grant = async () => ({ leaseId: "lease-2", ttlMs: 6_000 });
      await granted;
      expect(told.slice(2)).toEqual(["granted lease-2 at 60400"]);
      expect(lease.owns("lease-1")).toBe(true);
      etcd.away = undefined;
      lease.settled();
      expect(etcd.asked.at(-1)).toBe("revoke lease-1");
      expect([lease.hasReplaced, lease.owns("lease-1")]).toEqual([false, false]);
    });

    test("another is granted where it is alive and cannot be renewed", async () => {
      const { clock, etcd, told } = await outage();
      etcd.answer = () => {};
      etcd.away = undefined;
      etcd.back();
      await clock.run(400 + 2_000 + 15_000);
      expect(told[2]).toMatch(/^granted lease-2/);
    });
  });

  test("is asked for again for ever, with waits up to 30 s that start anew after a lease that lived", async () => {
    const { clock, etcd, told } = await hold();
    etcd.away = unavailable;
    etcd.living.clear();
    etcd.streams[0]!.emit("error", new Error("reset"));
    await clock.run(600_000);
    const asked = () => etcd.asked.filter((each) => each.startsWith("isAlive")).length;
    const before = asked();
    await clock.run(150_000);
    expect(asked() - before).toBe(10);
    etcd.away = undefined;
    await clock.run(15_000 + 6_000);
    etcd.living.clear();
    await clock.run(2_000);
    await clock.run(400);
    const [lost, granted] = told.slice(-2).map((line) => Number(/\d+$/.exec(line)));
    expect([told.at(-1), granted! - lost!]).toEqual([expect.stringMatching(/^granted/), 400]);
  });

  test("a refusal is not answered by asking all the time", async () => {
    const { clock, etcd } = await hold();
    etcd.away = new RpcError(Code.UNAUTHENTICATED, "etcd: who are you?");
    etcd.untilBack = async () => {};
    etcd.living.clear();
    const before = etcd.asked.length;
    await clock.run(60_000);
    expect(etcd.asked.length - before).toBeLessThanOrEqual(60_000 / 400);
  });

  test("is revoked on close, and nothing goes on after that", async () => {
    const { clock, etcd, lease } = await hold();
    await lease.close();
    expect(etcd.asked.at(-1)).toBe("revoke lease-1");
    expect(etcd.streams[0]!.cancelled).toBe(true);
    expect(clock.pending).toBe(0);
    await clock.run(60_000);
    expect(etcd.asked.at(-1)).toBe("revoke lease-1");
  });

  test("one that is granted while it closes is revoked too", async () => {
    const etcd = new ScriptedEtcd();
    let grant: (lease: { leaseId: string; ttlMs: number }) => void = () => {};
    etcd.grant = () => new Promise((resolve) => (grant = resolve));
    const clock = new ManualClock();
    const options = resolveEtcdOptions({ hosts: "127.0.0.1:1", clock });
    const told: string[] = [];
    const lease = new EtcdLease(etcd as unknown as EtcdApi, options, {
      granted: (leaseId) => told.push(leaseId),
      lost: (leaseId) => told.push(leaseId),
      failed() {},
    });
    lease.start();
    await clock.run(0);
    const closed = lease.close();
    grant({ leaseId: "late", ttlMs: 6_000 });
    await closed;
    expect([etcd.asked, told]).toEqual([["revoke late"], []]);
  });

  test("one to be replaced is counted on until there is another, and revoked when nothing is under it", async () => {
    const { clock, etcd, lease, told } = await hold();
    lease.replace("lease-0", "a mistake");
    await clock.run(0);
    expect(etcd.grants).toBe(1);
    lease.replace("lease-1", "a test");
    expect([lease.trusted, lease.id]).toEqual(["lease-1", undefined]);
    await clock.run(400);
    expect(told).toEqual(["granted lease-1 at 0", "granted lease-2 at 400"]);
    expect(etcd.asked).not.toContain("revoke lease-1");
    lease.settled();
    expect(etcd.asked).toContain("revoke lease-1");
    await clock.run(60_000);
    expect(told).toHaveLength(2);
  });

  test("one to be replaced is lost in its time, where no other can be had", async () => {
    const { clock, etcd, lease, told } = await hold();
    etcd.away = unavailable;
    lease.replace("lease-1", "a test");
    await clock.run(60_000);
    expect(told).toEqual(["granted lease-1 at 0", "lost lease-1 at 6000"]);
    etcd.away = undefined;
    etcd.back();
    await clock.run(400);
    expect(told.at(-1)).toBe("granted lease-2 at 60400");
  });
});

describe("the connection to etcd", () => {
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  test("asks for streams that end where a member has lost its leader", async () => {
    const server = new grpc.Server();
    const asked = new Promise((resolve) => {
      const pass = (bytes: Buffer) => bytes;
      const watch = (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        resolve(call.metadata.get("hasleader"));
        call.end();
      };
      server.register("/etcdserverpb.Watch/Watch", watch, pass, pass, "bidi");
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    cleanups.push(() => server.forceShutdown());
    const connection = new EtcdConnection(resolveEtcdOptions({ hosts: `127.0.0.1:${port}` }));
    cleanups.push(() => connection.close());
    const stream = await connection.watch();
    stream.on("error", () => {});
    expect(await asked).toEqual(["true"]);
  });
});
