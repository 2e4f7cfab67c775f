import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Code, RpcError } from "../../src/errors/errors.js";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { clientOptions, loadEtcd3 } from "../../src/registry/etcd/connection/etcd3.js";
import type { EtcdMember } from "../../src/registry/etcd/connection/member.js";
import { Members } from "../../src/registry/etcd/connection/members.js";
import { Outage } from "../../src/registry/etcd/connection/outage.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { instance } from "../conformance/registry.js";
import { EtcdServer } from "../support/etcd.js";
import { eventually } from "../support/eventually.js";
import { ManualClock } from "../support/manual-clock.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Follower } from "./follower.js";
import { anyKey, createWatch, failureOf, watchAnyKey } from "./watch-of-any-key.js";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startEtcd(): Promise<EtcdServer> {
  const server = await EtcdServer.start();
  cleanups.push(() => server.stop());
  return server;
}

async function proxyTo(server: EtcdServer): Promise<TcpProxy> {
  const proxy = await TcpProxy.to(server.endpoint);
  cleanups.push(() => proxy.close());
  return proxy;
}

/** Takes connections, and never says anything on them. */
async function frozenHost() {
  let accepted = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    accepted += 1;
    sockets.push(socket.on("error", () => {}));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanups.push(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, accepted: () => accepted };
}

function connect(hosts: string | readonly string[], options: Partial<EtcdRegistryOptions> = {}): EtcdConnection {
  const connection = new EtcdConnection(resolveEtcdOptions({ hosts, ...options }));
  cleanups.push(() => connection.close());
  return connection;
}

const unavailable = (message: RegExp) => ({ code: Code.UNAVAILABLE, message: expect.stringMatching(message) });
const never = new AbortController().signal;

describe("one connection", () => {
  test("carries everything that one registry does", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const registry = etcdRegistry({ hosts: proxy.addressFor(server.endpoint) });
    cleanups.push(() => registry.close());
    const services = Array.from({ length: 20 }, (_, index) => `service-${index}`);
    await Promise.all(
      services.map(async (service) => {
        const follower = new Follower(registry, service);
        await registry.register(instance(`${service}-1`, { service }));
        await follower.untilIds(`${service}-1`);
      }),
    );
    expect(await registry.list()).toHaveLength(20);
    expect(proxy.accepted).toBe(1);
    await registry.close();
    await eventually(() => expect(proxy.open).toBe(0));
  });

  test("is not shared by two registries, so that one does not wait for what the other knows", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const hosts = proxy.addressFor(server.endpoint);
    for (const connection of [connect(hosts), connect(hosts)]) await connection.range(anyKey);
    expect(proxy.open).toBe(2);
  });

  test("that was cut is made anew by the next request, which does not fail", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const connection = connect(proxy.addressFor(server.endpoint));
    for (let round = 1; round <= 5; round++) {
      await connection.range(anyKey);
      await eventually(() => expect(proxy.open).toBe(1));
      proxy.cut();
    }
  });

  test("that has gone quiet is left for a new one, and what is under way there ends", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const connection = connect(proxy.addressFor(server.endpoint), { requestTimeoutMs: 300 });
    const stream = await watchAnyKey(connection);
    proxy.stall();
    const ended = failureOf(connection, stream);
    await expect(connection.range(anyKey)).rejects.toMatchObject(unavailable(/no answer within \d+ ms/));
    expect(await ended).toMatchObject(unavailable(/no answer within \d+ ms/));
    proxy.resume();
    await connection.range(anyKey);
    await eventually(() => expect(proxy.open).toBe(1));
  });

  test("that is suspected is left, and what waits for an answer there is answered by another", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const clock = new ManualClock();
    const connection = connect(proxy.addressFor(server.endpoint), { clock });
    const stream = await watchAnyKey(connection);
    clock.advance(1_000);
    proxy.stall();
    const waiting = connection.range(anyKey);
    const ended = failureOf(connection, stream);
    connection.suspect("no heartbeat");
    proxy.resume();
    expect(await ended).toMatchObject(unavailable(/no heartbeat/));
    await waiting;
    await eventually(() => expect(proxy.open).toBe(1));
  });

  test("to an etcd that says nothing is not made again and again", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const connection = connect(proxy.addressFor(server.endpoint), { requestTimeoutMs: 20 });
    server.pause();
    for (let round = 0; round < 20; round++) {
      await expect(connection.range(anyKey)).rejects.toMatchObject(unavailable(/no answer within/));
    }
    expect(proxy.accepted).toBeGreaterThan(10);
    // Only that of the first request, which nothing ends before etcd goes on.
    await eventually(() => expect(proxy.open).toBe(1));
    server.resume();
    await eventually(() => connection.range(anyKey));
    await connection.close();
    await eventually(() => expect(proxy.open).toBe(0));
  });

  test("that has just been made is not left for what a stream of the one before missed", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const connection = connect(proxy.addressFor(server.endpoint), { clock: new ManualClock() });
    const stream = await watchAnyKey(connection);
    connection.suspect("no heartbeat");
    await connection.range(anyKey);
    expect(proxy.accepted).toBe(1);
    stream.end();
    stream.cancel();
  });

  test("outlives the end of a stream and a request that etcd refuses", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const connection = connect(proxy.addressFor(server.endpoint));
    const stream = await watchAnyKey(connection);
    const other = await watchAnyKey(connection);
    stream.end();
    stream.cancel();
    await expect(connection.revoke("123")).rejects.toMatchObject({ code: Code.NOT_FOUND });
    const noKey = connection.txn({ success: [{ request_put: { key: Buffer.alloc(0) } }] });
    await expect(noKey).rejects.toMatchObject(unavailable(/key is not provided/));
    expect((await createWatch(other)).canceled).toBe(false);
    expect(proxy.accepted).toBe(1);
  });
});

test("a quiet link is asked for a sign of life, soon enough and not so often that etcd hangs up", () => {
  const { grpcOptions } = clientOptions("a:1", resolveEtcdOptions({ hosts: "a:1" }));
  const { "grpc.keepalive_time_ms": time, "grpc.keepalive_timeout_ms": timeout } = grpcOptions!;
  expect(time).toBeGreaterThan(5_000); // its --grpc-keepalive-min-time
  expect(time! + timeout!).toBeLessThanOrEqual(15_000);
});

describe("the end of a connection", () => {
  test("ends what is under way with a frozen etcd at once, and leaves no connection", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const connection = connect(proxy.addressFor(server.endpoint), { requestTimeoutMs: 600_000 });
    const stream = await watchAnyKey(connection);
    server.pause();
    const ended = failureOf(connection, stream);
    const waiting = [connection.range(anyKey), connection.grant(10_000), connection.isAlive("1")];
    const rejections = Promise.allSettled(waiting);
    await connection.close();
    for (const { status, ...rest } of await rejections) {
      expect({ status, ...rest }).toMatchObject({ status: "rejected", reason: { code: Code.FAILED_PRECONDITION } });
    }
    expect(await ended).toMatchObject(unavailable(/the registry is closed/));
    await expect(connection.range(anyKey)).rejects.toMatchObject({ message: expect.stringMatching(/is closed/) });
    await eventually(() => expect(proxy.open).toBe(0));
  });

  test("a registry that is closed while etcd is frozen does not wait for it", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const registry = etcdRegistry({ hosts: proxy.addressFor(server.endpoint), requestTimeoutMs: 600_000 });
    const registration = await registry.register(instance("orders-1"));
    await new Follower(registry, "orders").untilIds("orders-1");
    server.pause();
    const update = registration.update(instance("orders-1", { weight: 7 })).catch((error: unknown) => error);
    await registry.close();
    expect(await update).toBeInstanceOf(RpcError);
    await eventually(() => expect(proxy.open).toBe(0));
  });

  test("a last request may be given less time than the others", async () => {
    const server = await startEtcd();
    const connection = connect(server.endpoint, { requestTimeoutMs: 600_000 });
    const { leaseId } = await connection.grant(10_000);
    server.pause();
    await expect(connection.revoke(leaseId, 100)).rejects.toMatchObject(unavailable(/no answer within \d{2,3} ms/));
    await expect(connection.txn({}, 100)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  });
});

describe("hosts that have failed", () => {
  test("are not knocked at one after another for longer than a request may take", async () => {
    const frozen = await Promise.all(Array.from({ length: 6 }, () => frozenHost()));
    const connection = connect(
      frozen.map(({ host }) => host),
      { requestTimeoutMs: 300 },
    );
    const ask = () => expect(connection.range(anyKey)).rejects.toMatchObject(unavailable(/no answer within/));
    const reached = () => frozen.filter((each) => each.accepted() > 0).length;
    while (reached() < frozen.length) await ask();
    const before = frozen.map((each) => each.accepted());
    await ask();
    expect(frozen.filter((each, index) => each.accepted() > before[index]!).length).toBeLessThan(frozen.length);
  });

  test("are in doubt, and not one that was well when another took its place", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const members = new Members(resolveEtcdOptions({ hosts: proxy.addressFor(server.endpoint) }));
    cleanups.push(async () => members.close());
    const ask = async (member: EtcdMember) => {
      await member.request((client, options) => client.kv.range(anyKey, options), 5_000);
    };
    const first = await members.current(5_000);
    await ask(first);
    expect(await members.askAll(ask, never)).toBe(true);
    expect([members.leave(first, "its streams have ended"), proxy.accepted]).toEqual([false, 2]);
    await members.askAll(ask, never);
    expect(proxy.accepted).toBe(3);
    expect(members.leave(await members.current(5_000), "it has failed")).toBe(true);
    await members.askAll(ask, never);
    expect(proxy.accepted).toBe(5); // one to knock
  });
});

describe("an etcd that was away", () => {
  test("is heard of when it is back, however long that took", async () => {
    const server = await startEtcd();
    const connection = connect(server.endpoint);
    await connection.range(anyKey);
    await server.kill();
    await expect(connection.range(anyKey)).rejects.toMatchObject(unavailable(/ECONNREFUSED/));
    const back = connection.untilBack(never);
    await server.restart();
    await back;
    await connection.range(anyKey);
  });

  test("leaves each client with the one connection it had before", async () => {
    const server = await startEtcd();
    const proxy = await proxyTo(server);
    const connections = Array.from({ length: 20 }, () => connect(proxy.addressFor(server.endpoint)));
    await Promise.all(connections.map((each) => each.range(anyKey)));
    await server.kill();
    await Promise.allSettled(connections.map((each) => each.range(anyKey)));
    const back = connections.map((each) => each.untilBack(new AbortController().signal));
    await server.restart();
    await Promise.all(back);
    await Promise.all(connections.map((each) => each.range(anyKey)));
    await vi.waitFor(() => expect(proxy.open).toBe(20), { timeout: 5_000 });
    await Promise.all(connections.map((each) => each.close()));
    await vi.waitFor(() => expect(proxy.open).toBe(0), { timeout: 5_000 });
  });

  test("is noticed by a stream alone", async () => {
    const server = await startEtcd();
    const connection = connect(server.endpoint);
    const stream = await watchAnyKey(connection);
    const ended = failureOf(connection, stream);
    await server.kill();
    await ended;
    const back = connection.untilBack(never);
    await server.restart();
    await back;
  });

  test("is heard of when a frozen one goes on", async () => {
    const server = await startEtcd();
    const connection = connect(server.endpoint, { requestTimeoutMs: 200 });
    await connection.range(anyKey);
    server.pause();
    await expect(connection.range(anyKey)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    const back = connection.untilBack(never);
    server.resume();
    await back;
  });

  test("one that refuses is not away", async () => {
    const server = await startEtcd();
    const clock = new ManualClock();
    const connection = connect(server.endpoint, { clock, auth: { username: "root", password: "x" } });
    await expect(connection.range(anyKey)).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
    const waiting = new AbortController();
    const back = connection.untilBack(waiting.signal);
    expect(clock.pending).toBe(0);
    waiting.abort();
    await back;
  });

  test("is not asked, and no timer runs, where nobody waits", async () => {
    const clock = new ManualClock();
    const connection = connect("127.0.0.1:1", { clock });
    await expect(connection.range(anyKey)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    expect(clock.pending).toBe(0);
    const waiting = [new AbortController(), new AbortController()];
    const ends = waiting.map(({ signal }) => connection.untilBack(signal));
    expect(clock.pending).toBe(1);
    for (const each of waiting) each.abort();
    await Promise.all(ends);
    expect(clock.pending).toBe(0);
  });
});

describe("probing", () => {
  /** Answers `answers` in turn, then that nobody is there. */
  function outage(options: { readonly random?: number; readonly answers?: readonly boolean[] } = {}) {
    const clock = new ManualClock();
    const answers = [...(options.answers ?? [])];
    const ask = vi.fn(async (_signal: AbortSignal) => answers.shift() ?? false);
    const askedAt: number[] = [];
    const start = clock.now();
    const subject = new Outage({
      clock,
      random: () => options.random ?? 0.5,
      ask: (signal) => {
        askedAt.push(clock.now() - start);
        return ask(signal);
      },
    });
    return { clock, subject, askedAt };
  }

  /** Whether it has resolved. */
  function ended(promise: Promise<void>): () => boolean {
    let over = false;
    void promise.then(() => {
      over = true;
    });
    return () => over;
  }

  test("is done once for all who wait, more and more seldom, up to every second", async () => {
    const { clock, subject, askedAt } = outage({ random: 0.999999 });
    subject.begin();
    for (let each = 0; each < 5; each++) void subject.untilBack(never);
    await clock.run(4_600);
    expect(askedAt.map(Math.round)).toEqual([100, 300, 700, 1_500, 2_500, 3_500, 4_500]);
    subject.close();
  });

  test("wakes all who wait when etcd answers, each a little later than another", async () => {
    const { clock, subject, askedAt } = outage({ random: 0.5, answers: [false, true] });
    subject.begin();
    const woken = ended(subject.untilBack(never));
    await clock.run(150);
    expect(askedAt).toEqual([50, 150]);
    await clock.run(149);
    expect(woken()).toBe(false);
    await clock.run(1);
    expect(woken()).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("ends when a request succeeds meanwhile", async () => {
    const { clock, subject, askedAt } = outage();
    subject.begin();
    const woken = ended(subject.untilBack(never));
    subject.over();
    await clock.run(150);
    expect(woken()).toBe(true);
    expect(askedAt).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("who comes to wait just after etcd was back does not wait for the next time", async () => {
    const { clock, subject } = outage();
    subject.begin();
    subject.over();
    await clock.run(999);
    const woken = ended(subject.untilBack(never));
    await clock.run(150);
    expect(woken()).toBe(true);
    await clock.run(1_000);
    const waiting = new AbortController();
    const late = ended(subject.untilBack(waiting.signal));
    await clock.run(60_000);
    expect(late()).toBe(false);
    waiting.abort();
  });

  test("of an etcd that comes and goes is not done more often for that", async () => {
    const { clock, subject, askedAt } = outage({ random: 0.999999, answers: [true, true, true] });
    for (let round = 0; round < 3; round++) {
      subject.begin();
      const woken = ended(subject.untilBack(never));
      await clock.run(1_000);
      expect(woken()).toBe(true);
    }
    expect(askedAt.map(Math.round)).toEqual([100, 1_200, 2_400]);
    await clock.run(10_000);
    subject.begin();
    const waiting = new AbortController();
    void subject.untilBack(waiting.signal);
    expect(Math.round(clock.nextMs!)).toBe(100);
    waiting.abort();
  });

  test("ends with the connection", async () => {
    const { clock, subject, askedAt } = outage();
    subject.begin();
    void subject.untilBack(never);
    subject.close();
    await clock.run(60_000);
    expect(askedAt).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe("what etcdRegistry() asks for", () => {
  test("an option that cannot be is refused by the factory, which says what it was", () => {
    const refused = (options: EtcdRegistryOptions, message: RegExp) =>
      expect(() => etcdRegistry(options)).toThrow(message);
    refused({ hosts: [] }, /hosts is empty/);
    refused({ hosts: "127.0.0.1" }, /host "127.0.0.1"; expected host:port/);
    refused({ hosts: ["https://a:1", "http://b:2"] }, /all of them speak https or none/);
    refused({ hosts: "a:1", ttlMs: 10 }, /ttlMs is 10; it must be 1000 or more, and 10000 is the usual/);
    refused({ hosts: "a:1", requestTimeoutMs: 0 }, /requestTimeoutMs is 0/);
    refused({ hosts: "a:1", settleMs: -1 }, /settleMs is -1/);
    refused({ hosts: "a:1", resyncMs: Number.NaN }, /resyncMs is NaN; .* 300000 is the usual/);
    refused({ hosts: "a:1", heartbeatMs: 0 }, /heartbeatMs is 0/);
    refused({ hosts: "a:1", heartbeatMs: 2_501 }, /heartbeatMs is 2501; it must be 2500 at most/);
    refused({ hosts: "a:1", ttlMs: 1e15 }, /ttlMs is 1000000000000000; it must be 1073741824 at most/);
    refused({ hosts: "a:1", maxValueBytes: 0 }, /maxValueBytes is 0/);
    refused({ hosts: "a:1", prefix: "/x/" }, /prefix is "\/x\/"; it must not end with/);
    refused({ hosts: "a:1", prefix: 5 as unknown as string }, /prefix is 5; it must be a text/);
    for (const host of ["a:99999", "a:0", "u@h:1", "x,y:1", "a?b:1"]) {
      refused({ hosts: host }, /expected host:port or https:\/\/host:port/);
    }
    const auth = (given: object) => given as { username: string; password: string };
    refused({ hosts: "a:1", auth: auth({}) }, /auth.username is missing; give both/);
    refused({ hosts: "a:1", auth: auth({ username: "root", password: "" }) }, /auth.password is missing/);
  });

  test("without the package etcd3 it says what to install", async () => {
    const missing = loadEtcd3(() => Promise.reject(new Error("Cannot find package 'etcd3'")));
    await expect(missing).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
      message: expect.stringContaining("npm install etcd3 @grpc/grpc-js"),
    });
  });

  test("what is left out follows the time to live", () => {
    expect(resolveEtcdOptions({ hosts: "a:1", ttlMs: 30_000 })).toMatchObject({
      settleMs: 30_000,
      heartbeatMs: 7_500,
      resyncMs: 300_000,
      maxValueBytes: 65_536,
    });
  });
});
