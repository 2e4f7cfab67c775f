import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import type { WatchStream } from "../../src/registry/etcd/api.js";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { EtcdRegistry } from "../../src/registry/etcd/etcd-registry.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { WatchHub } from "../../src/registry/etcd/watch/watch-hub.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";
import { EtcdServer } from "../support/etcd.js";
import { eventually } from "../support/eventually.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Follower } from "./follower.js";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startEtcd(): Promise<EtcdServer> {
  const server = await EtcdServer.start();
  cleanups.push(() => server.stop());
  return server;
}

async function startProxy(server: EtcdServer): Promise<TcpProxy> {
  const proxy = await TcpProxy.to(server.endpoint);
  cleanups.push(() => proxy.close());
  return proxy;
}

/** Does not wait between tries, so that a test need not either. */
function open(server: EtcdServer, options: Partial<EtcdRegistryOptions> = {}): Registry {
  const registry = etcdRegistry({ hosts: server.endpoint, random: () => 0, ...options });
  cleanups.push(() => registry.close());
  return registry;
}

const prefix = "/hawser/instances";
const enter = (server: EtcdServer, service: string, id: string) =>
  server.ctl("put", `${prefix}/${service}/${id}`, JSON.stringify({ id, service }));
const services = Array.from({ length: 20 }, (_, index) => `service-${index}`);
const watchers = "etcd_debugging_mvcc_watcher_total";
const streams = "etcd_debugging_mvcc_watch_stream_total";
/** As clients ask for them; transactions have their own. */
const lists = 'grpc_server_started_total\\{grpc_method="Range",[^}]*\\}';

describe("what watching costs etcd", () => {
  test("one stream for a registry and one watch for a service, however many watch it; nothing once they have left", async () => {
    const server = await startEtcd();
    const registry = open(server);
    const followers = services.flatMap((service) => [1, 2, 3].map(() => new Follower(registry, service)));
    await Promise.all(followers.map((each) => each.untilIds()));
    await eventually(async () => {
      expect([await server.metric(streams), await server.metric(watchers)]).toEqual([1, 20]);
    });
    await Promise.all(followers.map((each) => each.close()));
    await eventually(async () => {
      expect([await server.metric(streams), await server.metric(watchers)]).toEqual([0, 0]);
    });
  });

  test("a registration watches its own key over the same stream", async () => {
    const server = await startEtcd();
    const registry = open(server);
    await registry.register(instance("orders-1"));
    await new Follower(registry, "orders").untilIds("orders-1");
    await eventually(async () => {
      expect([await server.metric(streams), await server.metric(watchers)]).toEqual([1, 2]);
    });
  });

  test("a connection that is cut is made up for without a list, and what happened meanwhile is seen", async () => {
    const server = await startEtcd();
    const proxy = await startProxy(server);
    const events: RegistryEvent[] = [];
    const options = resolveEtcdOptions({
      hosts: proxy.addressFor(server.endpoint),
      random: () => 0,
      monitor: (event) => events.push(event),
    });
    const connection = new ListsCounted(options);
    const registry = new EtcdRegistry(connection, options);
    cleanups.push(() => registry.close());
    const followers = services.map((service) => new Follower(registry, service));
    await Promise.all(followers.map((each) => each.untilIds()));
    await eventually(async () => expect(await server.metric(watchers)).toBe(20));
    expect(connection.lists).toBe(20);
    proxy.refuse();
    await Promise.all(followers.map((each) => each.until(({ stale }) => stale)));
    await enter(server, "service-7", "seven");
    proxy.admit();
    await followers[7]?.untilIds("seven");
    await Promise.all(followers.map((each) => each.until(({ stale }) => !stale)));
    expect(connection.lists).toBe(20);
    const restarted = events.flatMap((event) => (event.type === "watch-restart" ? [event.service] : []));
    expect(new Set(restarted)).toEqual(new Set(services));
  });

  test("an instance of every service that leaves and comes back costs one list for each that was empty meanwhile", async () => {
    const server = await startEtcd();
    const others = open(server);
    const registry = open(server);
    const followers = services.map((service) => new Follower(registry, service));
    const register = () =>
      Promise.all(services.map((service) => others.register(instance(`of-${service}`, { service }))));
    const registrations = await register();
    await Promise.all(followers.map((each, index) => each.untilIds(`of-service-${index}`)));
    await eventually(async () => expect(await server.metric(watchers)).toBe(2 * services.length));
    const before = await server.metric(lists);
    await Promise.all(registrations.map((each) => each.close()));
    await Promise.all(followers.map((each) => each.untilIds()));
    expect((await server.metric(lists)) - before).toBe(services.length);
  });
});

describe("an etcd that falls silent", () => {
  const ttlMs = 2_000;

  test("for a bit longer than a lease lives: the last known set stays, stale, and nobody is ever missing", async () => {
    const server = await startEtcd();
    const ids = ["orders-1", "orders-2", "orders-3"];
    const members = ids.map(() => open(server, { ttlMs }));
    await Promise.all(members.map((registry, index) => registry.register(instance(ids[index] as string))));
    const orders = new Follower(open(server, { ttlMs }), "orders");
    await orders.untilIds(...ids);
    const known = orders.snapshots.length;
    server.pause();
    await sleep(3_500);
    expect(orders.snapshots.at(-1)?.stale).toBe(true);
    server.resume();
    await orders.until(({ stale }) => !stale);
    await vi.waitFor(async () => expect((await open(server).list())[0]?.instances).toBe(ids.length), {
      timeout: 10_000,
    });
    await orders.until(({ stale }) => !stale);
    for (const { instances } of orders.snapshots.slice(known)) expect(instances.map(({ id }) => id)).toEqual(ids);
  });

  test("until every lease has run out: who is missing is kept until all have registered again", async () => {
    const server = await startEtcd();
    const proxy = await startProxy(server);
    const members = open(server, { ttlMs, hosts: proxy.addressFor(server.endpoint) });
    await Promise.all(["orders-1", "orders-2"].map((id) => members.register(instance(id))));
    const orders = new Follower(open(server, { ttlMs, settleMs: 60_000 }), "orders");
    await orders.untilIds("orders-1", "orders-2");
    const known = orders.snapshots.length;
    server.pause();
    proxy.refuse(); // or what they have sent meanwhile might keep their lease alive
    await orders.until(({ stale }) => stale);
    server.resume();
    await vi.waitFor(async () => expect(await server.leases()).toEqual([]), { timeout: 10_000 });
    expect(await server.ctl("get", "--prefix", "--keys-only", prefix)).toBe("");
    proxy.admit();
    await vi.waitFor(async () => expect((await open(server).list())[0]?.instances).toBe(2), { timeout: 10_000 });
    await orders.until(({ stale }) => !stale);
    for (const { instances } of orders.snapshots.slice(known)) {
      expect(instances.map(({ id }) => id)).toEqual(["orders-1", "orders-2"]);
    }
  });

  test("behind a link that lets nothing through any more: it is noticed, and a new one is opened once it can be", async () => {
    const server = await startEtcd();
    const proxy = await startProxy(server);
    const orders = new Follower(open(server, { ttlMs, hosts: proxy.addressFor(server.endpoint) }), "orders");
    await enter(server, "orders", "a");
    await orders.untilIds("a");
    proxy.stall();
    await orders.until(({ stale }) => stale);
    await enter(server, "orders", "b");
    proxy.resume();
    await orders.until(({ stale, instances }) => !stale && instances.length === 2);
  });
});

/** Counts what the loops ask; the connection asks for itself too, whether etcd is back. */
class ListsCounted extends EtcdConnection {
  lists = 0;

  override range(...asked: Parameters<EtcdConnection["range"]>): ReturnType<EtcdConnection["range"]> {
    this.lists += 1;
    return super.range(...asked);
  }
}

/** Counts what etcd sends, before it is put together. */
class PiecesCounted extends EtcdConnection {
  pieces = 0;

  override async watch(): Promise<WatchStream> {
    const stream = await super.watch();
    stream.on("data", ({ fragment }) => {
      if (fragment) this.pieces += 1;
    });
    return stream;
  }
}

/** No watch begins before it is let. */
class WatchHeld extends EtcdConnection {
  begin: () => void = () => {};
  readonly #begun = new Promise<void>((resolve) => {
    this.begin = resolve;
  });

  override async watch(): Promise<WatchStream> {
    await this.#begun;
    return await super.watch();
  }
}

test("who leaves between the first list and a watch that begins late is missed, even in a revision compacted since", async () => {
  const server = await startEtcd();
  for (const id of ["a", "b"]) await enter(server, "orders", id);
  const options = resolveEtcdOptions({ hosts: server.endpoint, random: () => 0 });
  const connection = new WatchHeld(options);
  const registry = new EtcdRegistry(connection, options);
  cleanups.push(() => registry.close());
  const orders = new Follower(registry, "orders");
  await orders.untilIds("a", "b");
  const leaves = { request_delete_range: { key: Buffer.from(`${prefix}/orders/b`) } };
  const { header } = await connection.txn({ success: [leaves] });
  await server.ctl("compact", header.revision);
  connection.begin();
  await orders.untilIds("a");
});

test("a response that etcd sends in pieces because it is too large is told whole", async () => {
  const server = await startEtcd();
  const options = resolveEtcdOptions({ hosts: server.endpoint });
  const connection = new PiecesCounted(options);
  cleanups.push(() => connection.close());
  const value = Buffer.alloc(500_000, "x");
  const keys = Array.from({ length: 12 }, (_, index) => `/large/${String(index).padStart(2, "0")}`);
  for (const key of keys) await connection.txn({ success: [{ request_put: { key: Buffer.from(key), value } }] });
  const leave = new AbortController();
  const told = await new Promise<readonly string[]>((resolve) => {
    const subscriber = {
      range: { key: Buffer.from("/large/"), range_end: Buffer.from("/large0") },
      from: () => 1n,
      receive: ({ events }: { events: readonly { kv: { key: Buffer } }[] }) => {
        if (events.length > 0) resolve(events.map(({ kv }) => kv.key.toString()));
      },
      alive() {},
      away() {},
    };
    const ended = new WatchHub(connection, options).follow(subscriber, leave.signal);
    cleanups.push(async () => {
      leave.abort();
      await ended;
    });
  });
  expect(told).toEqual(keys);
  expect(connection.pieces).toBeGreaterThan(0);
});
