import { EventEmitter } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { Code, RpcError } from "../../src/errors/errors.js";
import type { KeepAliveStream } from "../../src/registry/etcd/api.js";
import { EtcdConnection } from "../../src/registry/etcd/connection.js";
import { EtcdLease } from "../../src/registry/etcd/lease.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { ManualClock } from "../support/manual-clock.js";

/** A keepalive stream whose other end is the test. */
class Stream extends EventEmitter {
  beats = 0;
  cancelled = false;
  answering = true;

  write(request: { ID: string }): void {
    this.beats += 1;
    if (this.answering) this.emit("data", { ID: request.ID, TTL: "6" });
  }

  end(): void {}

  cancel(): void {
    this.cancelled = true;
  }
}

/** etcd as far as a lease sees it. */
class ScriptedEtcd extends EtcdConnection {
  readonly asked: string[] = [];
  readonly streams: Stream[] = [];
  away = false;
  alive = true;

  override grant(): Promise<{ leaseId: string; ttlMs: number }> {
    const leaseId = `lease-${this.asked.filter((each) => each.startsWith("grant")).length + 1}`;
    return this.#answer(`grant ${leaseId}`, { leaseId, ttlMs: 6_000 });
  }

  override isAlive(leaseId: string): Promise<boolean> {
    return this.#answer(`isAlive ${leaseId}`, this.alive);
  }

  override async revoke(leaseId: string): Promise<void> {
    await this.#answer(`revoke ${leaseId}`, undefined);
  }

  override async keepAlive(): Promise<KeepAliveStream> {
    const stream = new Stream();
    this.streams.push(stream);
    return this.#answer("keepAlive", stream as unknown as KeepAliveStream);
  }

  async #answer<T>(question: string, answer: T): Promise<T> {
    this.asked.push(question);
    if (this.away) throw new RpcError(Code.UNAVAILABLE, "etcd: away");
    return answer;
  }
}

async function hold(): Promise<{ clock: ManualClock; etcd: ScriptedEtcd; lease: EtcdLease; told: string[] }> {
  const clock = new ManualClock(0);
  const options = resolveEtcdOptions({ hosts: "127.0.0.1:1", ttlMs: 6_000, clock, random: () => 0.5 });
  const etcd = new ScriptedEtcd(options);
  const told: string[] = [];
  const lease = new EtcdLease(etcd, options, {
    granted: (leaseId) => told.push(`granted ${leaseId} at ${clock.now()}`),
    lost: (leaseId) => told.push(`lost ${leaseId} at ${clock.now()}`),
    failed() {},
  });
  lease.start();
  await clock.run(0);
  return { clock, etcd, lease, told };
}

describe("the lease at etcd", () => {
  test("is renewed three times per time to live, over one stream", async () => {
    const { clock, etcd, told } = await hold();
    await clock.run(59_999);
    expect(etcd.streams.map(({ beats }) => beats)).toEqual([30]);
    expect(told).toEqual(["granted lease-1 at 0"]);
  });

  test("is lost when nothing has been heard for its whole time to live, and another is granted", async () => {
    const { clock, etcd, told } = await hold();
    await clock.run(2_000);
    etcd.streams[0]!.answering = false;
    await clock.run(5_999);
    expect(told).toHaveLength(1);
    await clock.run(401);
    expect(told).toEqual(["granted lease-1 at 0", "lost lease-1 at 8000", "granted lease-2 at 8400"]);
    expect(etcd.streams[0]!.cancelled).toBe(true);
  });

  test("is lost at once when etcd says so", async () => {
    const { clock, etcd, told } = await hold();
    etcd.streams[0]!.emit("data", { ID: "lease-1", TTL: "0" });
    await clock.run(400);
    expect(told).toEqual(["granted lease-1 at 0", "lost lease-1 at 0", "granted lease-2 at 400"]);
  });

  test("survives a broken stream, which is opened again while there is time", async () => {
    const { clock, etcd, told } = await hold();
    etcd.streams[0]!.emit("error", new Error("reset"));
    await clock.run(30_000);
    expect(etcd.streams).toHaveLength(2);
    expect(told).toEqual(["granted lease-1 at 0"]);
  });

  test("that ran out while the stream was broken is not renewed but replaced", async () => {
    const { clock, etcd, told } = await hold();
    etcd.alive = false;
    etcd.streams[0]!.emit("end");
    await clock.run(400);
    etcd.alive = true;
    await clock.run(400);
    expect(told).toEqual(["granted lease-1 at 0", "lost lease-1 at 400", "granted lease-2 at 800"]);
  });

  test("is asked for again for ever, with waits up to 30 s that start anew after two healthy minutes", async () => {
    const { clock, etcd, told } = await hold();
    etcd.away = true;
    etcd.streams[0]!.emit("error", new Error("reset"));
    await clock.run(600_000);
    const grants = etcd.asked.filter((each) => each.startsWith("grant")).length;
    await clock.run(150_000);
    expect(etcd.asked.filter((each) => each.startsWith("grant")).length - grants).toBe(10);
    etcd.away = false;
    await clock.run(15_000 + 120_000);
    etcd.streams.at(-1)!.emit("data", { ID: etcd.streams.length, TTL: "0" });
    const lostAt = clock.now();
    await clock.run(400);
    expect(told.at(-1)).toMatch(new RegExp(`^granted lease-\\d+ at ${lostAt + 400}$`));
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

  test("an abandoned lease is not revoked, and only the current one can be abandoned", async () => {
    const { clock, etcd, lease, told } = await hold();
    lease.abandon("lease-0", "a mistake");
    await clock.run(0);
    expect(told).toHaveLength(1);
    lease.abandon("lease-1", "a test");
    await clock.run(400);
    expect(told.at(-1)).toBe("granted lease-2 at 400");
    expect(etcd.asked).not.toContain("revoke lease-1");
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
