import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { EtcdRegistry } from "../../src/registry/etcd/etcd-registry.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import type { Registration, Registry } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";
import { CountingClock } from "../support/counting-clock.js";
import { EtcdServer } from "../support/etcd.js";
import { eventually } from "../support/eventually.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startEtcd(): Promise<EtcdServer> {
  const server = await EtcdServer.start();
  cleanups.push(() => server.stop());
  return server;
}

/** Does not wait between tries, so that a test need not either. */
function open(server: EtcdServer, options: Partial<EtcdRegistryOptions> = {}): Registry {
  const registry = etcdRegistry({ hosts: server.endpoint, random: () => 0, ...options });
  cleanups.push(() => registry.close());
  return registry;
}

/** Something happens between a request and what is known of it here; once. */
class Interrupted extends EtcdConnection {
  before: (() => Promise<void>) | undefined;
  after: (() => Promise<void>) | undefined;

  override async txn(...request: Parameters<EtcdConnection["txn"]>): ReturnType<EtcdConnection["txn"]> {
    const { before, after } = this;
    this.before = undefined;
    this.after = undefined;
    await before?.();
    const answer = await super.txn(...request);
    await after?.();
    return answer;
  }
}

/** Some keys may not be written, or not be deleted, here. */
class Refusing extends EtcdConnection {
  readonly puts = new Set<string>();
  readonly deletions = new Set<string>();

  override async txn(...[request, timeoutMs]: Parameters<EtcdConnection["txn"]>): ReturnType<EtcdConnection["txn"]> {
    const refused = (request.success ?? []).some(({ request_put: put, request_delete_range: deletion }) => {
      return this.puts.has(String(put?.key)) || this.deletions.has(String(deletion?.key));
    });
    if (refused) throw new RpcError(Code.PERMISSION_DENIED, "etcd: not this key");
    return await super.txn(request, timeoutMs);
  }
}

function openInterrupted(server: EtcdServer): { registry: Registry; connection: Interrupted } {
  const options = resolveEtcdOptions({ hosts: server.endpoint, random: () => 0 });
  const connection = new Interrupted(options);
  const registry = new EtcdRegistry(connection, options);
  cleanups.push(() => registry.close());
  return { registry, connection };
}

/** How long a machine that is busy may take. */
const patience = { timeout: 10_000 };

const keyOf = (id: string) => `/hawser/instances/orders/${id}`;

/** Every state a registration was in, from now on. */
function states(registration: Registration): string[] {
  const seen: string[] = [registration.state];
  registration.onState((state) => seen.push(state));
  return seen;
}

async function becomes(registration: Registration, wanted: Registration["state"]): Promise<void> {
  if (registration.state === wanted) return;
  await new Promise<void>((resolve) => {
    registration.onState((state) => {
      if (state === wanted) resolve();
    });
  });
}

async function leaseOf(server: EtcdServer, id: string): Promise<string | undefined> {
  return (await server.get(keyOf(id)))?.lease.toString(16).padStart(16, "0");
}

describe("a key that somebody else touches", () => {
  test("deleted by hand, it is put back, and the registration says that it was lost", async () => {
    const server = await startEtcd();
    const registration = await open(server).register(instance("orders-1"));
    const seen = states(registration);
    const before = await server.get(keyOf("orders-1"));
    await server.ctl("del", keyOf("orders-1"));
    await vi.waitFor(() => expect(seen).toEqual(["registered", "lost", "registered"]), patience);
    const after = await server.get(keyOf("orders-1"));
    expect(after?.create_revision).toBeGreaterThan(before!.create_revision);
    expect(after?.lease).toBe(before!.lease);
  });

  test("deleted between its put and the answer to that, it is put back too", async () => {
    const server = await startEtcd();
    const { registry, connection } = openInterrupted(server);
    const registration = await registry.register(instance("orders-1"));
    const others = new Follower(open(server), "orders");
    await others.untilIds("orders-1");
    connection.after = async () => {
      const gone = others.untilIds();
      await server.ctl("del", keyOf("orders-1"));
      await gone;
    };
    await registration.update(instance("orders-1", { weight: 7 }));
    const { instances } = await others.untilIds("orders-1");
    expect(instances[0]?.weight).toBe(7);
  });

  test("changed by hand, with its lease or without, it is put back as it was", async () => {
    const server = await startEtcd();
    await open(server).register(instance("orders-1"));
    const [lease] = await server.leases();
    const value = () => server.ctl("get", "--print-value-only", keyOf("orders-1"));
    const written = await value();
    for (const how of [[], ["--lease", lease!]]) {
      const before = await server.get(keyOf("orders-1"));
      const putBack = { lease: before!.lease, mod_revision: before!.mod_revision + 2 };
      await server.ctl("put", ...how, keyOf("orders-1"), '{"id":"orders-1","service":"orders","version":"by hand"}');
      await vi.waitFor(async () => expect(await server.get(keyOf("orders-1"))).toMatchObject(putBack), patience);
      expect(await value()).toBe(written);
    }
  });

  test("put by hand as it was but under no lease, it is put back under its own, and goes when its instance goes", async () => {
    const server = await startEtcd();
    const registration = await open(server).register(instance("orders-1"));
    const seen = states(registration);
    const lease = await leaseOf(server, "orders-1");
    const value = await server.ctl("get", "--print-value-only", keyOf("orders-1"));
    await server.ctl("put", keyOf("orders-1"), value);
    await vi.waitFor(() => expect(seen).toEqual(["registered", "lost", "registered"]), patience);
    expect(await leaseOf(server, "orders-1")).toBe(lease);
    await registration.close();
    expect(await server.get(keyOf("orders-1"))).toBeUndefined();
  });

  test("taken over by another process that says the very same, it is lost until that one leaves", async () => {
    const server = await startEtcd();
    const first = await open(server).register(instance("orders-1"));
    const second = await open(server).register(instance("orders-1"));
    await becomes(first, "lost");
    await second.close();
    await becomes(first, "registered");
  });

  test("taken over by another process, it stays with that one until it leaves", async () => {
    const server = await startEtcd();
    const logger = recordingLogger();
    const first = await open(server, { logger }).register(instance("orders-1", { version: "1.0.0" }));
    const seen = states(first);
    const second = await open(server).register(instance("orders-1", { version: "2.0.0" }));
    await becomes(first, "lost");
    await expect(first.update(instance("orders-1", { version: "1.0.1" }))).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining('another process has registered "orders-1"'),
    });
    expect(logger.lines.filter(({ message }) => message.includes("give each instance an id of its own"))).toHaveLength(
      1,
    );
    const others = new Follower(open(server), "orders");
    expect((await others.untilIds("orders-1")).instances[0]?.version).toBe("2.0.0");
    await second.close();
    await others.until(({ instances }) => instances[0]?.version === "1.0.1");
    await becomes(first, "registered");
    expect(seen).toEqual(["registered", "lost", "registered"]);
  });

  test("one who comes back after a while does not take it from who has taken over", async () => {
    const server = await startEtcd();
    const first = await open(server, { ttlMs: 1_000 }).register(instance("orders-1", { version: "1.0.0" }));
    const [firstLease] = await server.leases();
    const second = open(server);
    await second.register(instance("orders-1", { version: "2.0.0" }));
    const before = await server.get(keyOf("orders-1"));
    await server.ctl("lease", "revoke", firstLease!);
    await vi.waitFor(async () => expect(await server.leases()).toHaveLength(2), patience);
    await first.update(instance("orders-1", { version: "1.0.1" })).catch(() => {});
    expect(await server.get(keyOf("orders-1"))).toEqual(before);
    await first.close();
    expect(await second.list()).toEqual([{ name: "orders", versions: ["2.0.0"], instances: 1 }]);
  });
});

describe("an outage of etcd", () => {
  test("shorter than the lease, it is survived without a write", async () => {
    const server = await startEtcd();
    const proxy = await TcpProxy.to(server.endpoint);
    cleanups.push(() => proxy.close());
    const renewals: boolean[] = [];
    const monitor = (event: RegistryEvent) => {
      if (event.type === "renewal") renewals.push(event.ok);
    };
    const hosts = proxy.addressFor(server.endpoint);
    const registration = await open(server, { hosts, monitor, ttlMs: 20_000 }).register(instance("orders-1"));
    const seen = states(registration);
    const before = await server.get(keyOf("orders-1"));
    await eventually(() => expect(renewals).toEqual([true]));
    proxy.refuse();
    await eventually(() => expect(renewals).toContain(false));
    proxy.admit();
    await vi.waitFor(() => expect(renewals.at(-1)).toBe(true), patience);
    expect(await server.get(keyOf("orders-1"))).toEqual(before);
    expect(seen).toEqual(["registered"]);
  });

  test("longer than the lease, it is survived without a write where etcd's own clock stood still too", async () => {
    const server = await startEtcd();
    const registration = await open(server, { ttlMs: 1_000 }).register(instance("orders-1"));
    const before = await server.get(keyOf("orders-1"));
    await server.kill();
    await becomes(registration, "lost");
    await server.restart();
    await becomes(registration, "registered");
    expect(await server.get(keyOf("orders-1"))).toEqual(before);
  });

  test("in which the lease expires ends with another lease, and everything registered under it", async () => {
    const server = await startEtcd();
    const registry = open(server, { ttlMs: 1_000, requestTimeoutMs: 300 });
    const [first, second] = await Promise.all(["orders-1", "orders-2"].map((id) => registry.register(instance(id))));
    const before = await leaseOf(server, "orders-1");
    const orders = new Follower(open(server, { settleMs: 60_000 }), "orders");
    await orders.untilIds("orders-1", "orders-2");
    server.pause();
    await Promise.all([becomes(first!, "lost"), becomes(second!, "lost")]);
    await orders.until(({ stale }) => stale);
    server.resume();
    await Promise.all([becomes(first!, "registered"), becomes(second!, "registered")]);
    expect([before, undefined]).not.toContain(await leaseOf(server, "orders-1"));
    expect(await leaseOf(server, "orders-2")).toBe(await leaseOf(server, "orders-1"));
    await orders.until(({ stale, instances }) => !stale && instances.length === 2);
    for (const { instances } of orders.snapshots.slice(1)) expect(instances).toHaveLength(2);
  });

  test("in which all its data is lost is survived", async () => {
    const server = await startEtcd();
    const registration = await open(server, { ttlMs: 1_000 }).register(instance("orders-1"));
    await server.kill();
    await becomes(registration, "lost");
    await server.restart({ empty: true });
    await becomes(registration, "registered");
    expect(await server.get(keyOf("orders-1"))).toBeDefined();
  });

  test("in which somebody registers and gives up, it leaves nothing of that", async () => {
    const server = await startEtcd();
    const registry = open(server);
    await server.kill();
    await expect(registry.register(instance("orders-1"), { timeoutMs: 50 })).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("within 50 ms"),
    });
    await server.restart();
    const again = await registry.register(instance("orders-1", { weight: 3 }));
    await again.close();
    expect([await server.leases(), await server.ctl("get", "--prefix", "")]).toEqual([[], ""]);
  });

  test("in which somebody registers without waiting, it ends with that registered", async () => {
    const server = await startEtcd();
    const registry = open(server);
    await server.kill();
    const registration = await registry.register(instance("orders-1"), { wait: false });
    const seen = states(registration);
    await expect(registration.update(instance("orders-1", { weight: 7 }))).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
    });
    await server.restart();
    await becomes(registration, "registered");
    expect(seen).toEqual(["registering", "registered"]);
    const { instances } = await new Follower(registry, "orders").untilIds("orders-1");
    expect(instances[0]?.weight).toBe(7);
  });
});

describe("leaving", () => {
  test("where the deletion fails the others move to another lease, and nobody sees them gone", async () => {
    const server = await startEtcd();
    const { registry, connection } = openInterrupted(server);
    const leaving = await registry.register(instance("orders-1"));
    const staying = await registry.register(instance("orders-2"));
    const seen = states(staying);
    const before = await leaseOf(server, "orders-2");
    const orders = new Follower(open(server), "orders");
    await orders.untilIds("orders-1", "orders-2");
    connection.before = () => Promise.reject(new RpcError(Code.UNAVAILABLE, "etcd: not now"));
    await leaving.close();
    await orders.untilIds("orders-2");
    expect([before, undefined]).not.toContain(await leaseOf(server, "orders-2"));
    expect(await server.leases()).toEqual([await leaseOf(server, "orders-2")]);
    for (const { instances } of orders.snapshots.slice(1)) expect(instances.map(({ id }) => id)).toContain("orders-2");
    expect(seen).toEqual(["registered"]);
  });

  test("a key that could not be moved to another lease goes with its instance, and not when the first lease ends", async () => {
    const server = await startEtcd();
    const options = resolveEtcdOptions({ hosts: server.endpoint, random: () => 0.1, ttlMs: 600_000 });
    const connection = new Refusing(options);
    const registry = new EtcdRegistry(connection, options);
    cleanups.push(() => registry.close());
    const ids = ["orders-1", "orders-2", "orders-3"];
    const [first, stuck] = await Promise.all(ids.map((id) => registry.register(instance(id))));
    const before = await leaseOf(server, "orders-3");
    connection.deletions.add(keyOf("orders-1"));
    connection.puts.add(keyOf("orders-2"));
    await first!.close();
    await vi.waitFor(async () => expect(await leaseOf(server, "orders-3")).not.toBe(before), patience);
    await stuck!.close();
    await vi.waitFor(async () => expect(await server.get(keyOf("orders-2"))).toBeUndefined(), patience);
    expect(await server.leases()).toEqual([await leaseOf(server, "orders-3")]);
  });

  test("while a put is under way, it leaves nothing of that", async () => {
    const server = await startEtcd();
    const { registry, connection } = openInterrupted(server);
    await registry.register(instance("orders-1"));
    const asked = new Promise<() => void>((resolve) => {
      connection.before = () => new Promise((goOn) => resolve(goOn));
    });
    const leaving = await registry.register(instance("orders-2"), { wait: false });
    const goOn = await asked;
    const closed = leaving.close();
    goOn();
    await closed;
    expect(await registry.list()).toEqual([{ name: "orders", versions: ["1.0.0"], instances: 1 }]);
  });

  test("one who registers again at once is not taken out by his own leaving", async () => {
    const server = await startEtcd();
    const registry = open(server);
    await registry.register(instance("orders-1"));
    let registration = await registry.register(instance("orders-2", { weight: 1 }));
    for (let weight = 2; weight < 20; weight++) {
      await registration.close();
      registration = await registry.register(instance("orders-2", { weight }));
    }
    const orders = new Follower(open(server), "orders");
    expect((await orders.untilIds("orders-1", "orders-2")).instances[1]?.weight).toBe(19);
  });

  test("from an etcd that is frozen, it ends all the same, with every timer", async () => {
    const server = await startEtcd();
    const clock = new CountingClock();
    const registry = open(server, { clock });
    const [leaving] = await Promise.all(["orders-1", "orders-2"].map((id) => registry.register(instance(id))));
    server.pause();
    await leaving!.close();
    expect(leaving!.state).toBe("closed");
    await registry.close();
    await eventually(() => expect(clock.running).toBe(0));
  });
});

describe("who cannot be registered", () => {
  test("too long a value, which every reader would leave out, is refused at once; so is an update to one", async () => {
    const registry = etcdRegistry({ hosts: "127.0.0.1:1", maxValueBytes: 1_000 });
    cleanups.push(() => registry.close());
    const long = { metadata: { note: "x".repeat(1_000) } };
    const refusal = /^etcd:\/\/127\.0\.0\.1:1: instance "orders-1" takes \d+ bytes, and 1000 are allowed/;
    const refused = registry.register(instance("orders-1", long), { timeoutMs: Number.POSITIVE_INFINITY });
    await expect(refused).rejects.toBeInstanceOf(RangeError);
    await expect(refused).rejects.toThrow(refusal);
    const registration = await registry.register(instance("orders-1"), { wait: false });
    await expect(registration.update(instance("orders-1", long))).rejects.toThrow(refusal);
  });

  test("so is one that is longer than etcd takes, by etcd", async () => {
    const registry = open(await startEtcd(), { maxValueBytes: 4_000_000 });
    const long = instance("orders-1", { metadata: { note: "x".repeat(1_700_000) } });
    const refused = registry.register(long, { timeoutMs: Number.POSITIVE_INFINITY });
    await expect(refused).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: expect.stringContaining("longer than etcd takes"),
    });
  });

  test("a second one of the same id is refused, and nobody is told that it was registering", async () => {
    const server = await startEtcd();
    const told: RegistryEvent[] = [];
    const registry = open(server, { monitor: (event) => told.push(event) });
    const registrations = () => told.filter(({ type }) => type === "registration");
    await registry.register(instance("orders-1"));
    const before = registrations();
    await expect(registry.register(instance("orders-1"))).rejects.toMatchObject({ code: Code.ALREADY_EXISTS });
    expect(registrations()).toEqual(before);
  });
});

describe("many in one process", () => {
  test("a hundred instances have one lease, and two streams in all", async () => {
    const server = await startEtcd();
    const registry = open(server);
    const ids = Array.from({ length: 100 }, (_, index) => `orders-${index}`);
    await Promise.all(ids.map((id) => registry.register(instance(id))));
    await eventually(async () => expect(await server.metric("etcd_debugging_mvcc_watcher_total")).toBe(100));
    expect(await server.leases()).toHaveLength(1);
    expect(await server.metric("etcd_debugging_mvcc_watch_stream_total")).toBe(1);
    expect(await streams(server, "LeaseKeepAlive")).toBe(1);
    for (const id of ["orders-0", "orders-99"]) {
      await server.ctl("del", keyOf(id));
      await eventually(async () => expect(await server.get(keyOf(id))).toBeDefined());
    }
  });

  test("what a call has registered is kept outside that call", async () => {
    const server = await startEtcd();
    const calls = new AsyncLocalStorage<string>();
    const told: (string | undefined)[] = [];
    const registry = open(server, {
      monitor: (event) => {
        if (event.type === "renewal") told.push(calls.getStore());
      },
    });
    await calls.run("a call", () => registry.register(instance("orders-1")));
    await eventually(() => expect(told).toEqual([undefined]));
  });
});

/** How many of etcd's streams of one kind were begun. */
async function streams(server: EtcdServer, method: string): Promise<number> {
  const text = await (await fetch(`http://${server.endpoint}/metrics`)).text();
  const line = new RegExp(`^grpc_server_started_total\\{grpc_method="${method}",.*\\} (\\d+)$`, "m");
  return Number(line.exec(text)?.[1]);
}
