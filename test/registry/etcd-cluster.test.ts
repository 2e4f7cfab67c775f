import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Code } from "../../src/errors/errors.js";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";
import { EtcdCluster, type EtcdServer } from "../support/etcd.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Follower } from "./follower.js";
import { anyKey, failureOf, watchAnyKey } from "./watch-of-any-key.js";

let cluster: EtcdCluster;
/** A road to each member, in their order. */
let roads: readonly TcpProxy[];
const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  cluster = await EtcdCluster.start();
  roads = await Promise.all(cluster.endpoints.map((endpoint) => TcpProxy.to(endpoint)));
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(async () => {
  await Promise.all([...roads.map((road) => road.close()), cluster.stop()]);
});

const never = new AbortController().signal;
let prefixes = 0;

function optionsFor(options: Partial<EtcdRegistryOptions>): EtcdRegistryOptions {
  const hosts = roads.map((road) => `127.0.0.1:${road.port}`);
  return { hosts, prefix: `/cluster/${++prefixes}`, ...options };
}

function connect(options: Partial<EtcdRegistryOptions> = {}): EtcdConnection {
  const connection = new EtcdConnection(resolveEtcdOptions(optionsFor(options)));
  cleanups.push(() => connection.close());
  return connection;
}

function open(options: EtcdRegistryOptions): Registry {
  const registry = etcdRegistry(options);
  cleanups.push(() => registry.close());
  return registry;
}

/** To which members connections have been made since it was called. */
function newConnections(): () => readonly EtcdServer[] {
  const before = roads.map(({ accepted }) => accepted);
  return () => cluster.members.filter((_, index) => roads[index]!.accepted > before[index]!);
}

describe("etcd of three members", () => {
  test("one is spoken to, another by each process", async () => {
    const firsts = new Set<EtcdServer>();
    for (const random of [0, 0.4, 0.8]) {
      const connection = connect({ random: () => random });
      const spokenTo = newConnections();
      await Promise.all([connection.range(anyKey), connection.range(anyKey), connection.grant(2_000)]);
      const [first, ...more] = spokenTo();
      expect(more).toEqual([]);
      firsts.add(first!);
      await connection.close();
    }
    expect(firsts.size).toBeGreaterThan(1);
  });

  test("a member that is away is passed over", async () => {
    const hosts = ["127.0.0.1:1", cluster.endpoints[0]!, "127.0.0.1:2"];
    for (const random of [0, 0.4, 0.8]) {
      const registry = open(optionsFor({ hosts, random: () => random }));
      const orders = new Follower(registry, "orders");
      await registry.register(instance("orders-1"));
      await orders.untilIds("orders-1");
      expect(registry.name).toBe(`etcd://${hosts.join(",")}`);
      await registry.close();
    }
  });

  test("where none can be reached, the failure names the last that was asked", async () => {
    const connection = connect({ hosts: ["127.0.0.1:1", "127.0.0.1:2"] });
    await expect(connection.range(anyKey)).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/^etcd:\/\/127.0.0.1:1,127.0.0.1:2: 127.0.0.1:[12]: connect ECONNREFUSED/),
    });
  });

  /** What can become of a member, or of the road to it, and how that is mended. */
  const faults: readonly [string, (member: EtcdServer, road: TcpProxy) => Promise<() => void | Promise<void>>][] = [
    [
      "killed",
      async (member) => {
        await member.kill();
        return () => member.restart();
      },
    ],
    [
      "frozen",
      async (member) => {
        member.pause();
        return () => member.resume();
      },
    ],
    [
      "cut off without a word",
      async (_, road) => {
        road.stall();
        return () => road.resume();
      },
    ],
    [
      "hanging up",
      async (_, road) => {
        road.refuse();
        return () => road.admit();
      },
    ],
  ];

  test.for(faults)("a member that is %s is left for another, and the request is answered", async ([, fault]) => {
    // Half of it is for the member that does not answer; the other half for an election, where that one has led.
    const connection = connect({ requestTimeoutMs: 10_000 });
    const first = newConnections();
    const stream = await watchAnyKey(connection);
    const [member] = first();
    const then = newConnections();
    const ended = failureOf(connection, stream);
    const mend = await fault(member!, roads[cluster.members.indexOf(member!)]!);
    cleanups.unshift(async () => mend());
    await connection.range(anyKey);
    expect(await ended).toMatchObject({ code: Code.UNAVAILABLE });
    expect(then()).toHaveLength(1);
    expect(then()).not.toContain(member);
    await watchAnyKey(connection);
  });

  test("a suspicion is enough: what waits for the member is answered by another", async () => {
    const clock = { offsetMs: 0 };
    const connection = connect({
      requestTimeoutMs: 600_000,
      clock: {
        now: () => performance.timeOrigin + performance.now() + clock.offsetMs,
        timer: () => ({ cancel() {} }),
      },
    });
    const first = newConnections();
    await connection.range(anyKey);
    const [member] = first();
    const then = newConnections();
    const road = roads[cluster.members.indexOf(member!)]!;
    clock.offsetMs = 2_000;
    road.stall();
    cleanups.push(async () => road.resume());
    const waiting = connection.range(anyKey);
    connection.suspect("no heartbeat");
    await waiting;
    expect(then()).toHaveLength(1);
    expect(then()).not.toContain(member);
  });

  test("that loses its leader goes on under the next", async () => {
    const options = optionsFor({});
    const registration = await open(options).register(instance("orders-1"));
    const watching = open(options);
    const orders = new Follower(watching, "orders");
    await orders.untilIds("orders-1");
    const leader = await cluster.leader();
    await leader.kill();
    cleanups.push(() => leader.restart());
    await vi.waitFor(() => registration.update(instance("orders-1", { weight: 7 })), { timeout: 20_000 });
    await orders.until(({ instances }) => instances[0]?.weight === 7);
  });

  test("that loses its majority ends its streams, answers nobody, and is heard of when it is back", async () => {
    const connection = connect({ requestTimeoutMs: 1_000 });
    const spokenTo = newConnections();
    const stream = await watchAnyKey(connection);
    const others = cluster.members.filter((each) => !spokenTo().includes(each));
    const ended = failureOf(connection, stream);
    for (const each of others) await each.kill();
    expect(await ended).toMatchObject({ code: Code.UNAVAILABLE });
    await expect(connection.range(anyKey)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    const back = connection.untilBack(never);
    await Promise.all(others.map((each) => each.restart()));
    await back;
    await watchAnyKey(connection);
  });
});
