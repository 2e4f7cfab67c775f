import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import type { Registry } from "../../src/registry/registry.js";
import { Connection } from "../../src/registry/zookeeper/wire/connection.js";
import { openAcl } from "../../src/registry/zookeeper/wire/protocol.js";
import { type ZooKeeperRegistryOptions, zookeeperRegistry } from "../../src/registry/zookeeper/zookeeper.js";
import { systemClock } from "../../src/time/time.js";
import { instance } from "../conformance/registry.js";
import { CountingClock } from "../support/counting-clock.js";
import { eventually } from "../support/eventually.js";
import { ManualClock } from "../support/manual-clock.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { withZooKeeper, ZooKeeperServer } from "../support/zookeeper.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startZooKeeper(): Promise<ZooKeeperServer> {
  const server = await ZooKeeperServer.start();
  cleanups.push(() => server.stop());
  return server;
}

/** Waits little between tries, so that a test need not either. */
function open(
  hosts: string | { readonly endpoint: string },
  options: Partial<ZooKeeperRegistryOptions> = {},
): Registry {
  const registry = zookeeperRegistry({
    hosts: typeof hosts === "string" ? hosts : hosts.endpoint,
    random: () => 0.1,
    ...options,
  });
  cleanups.push(() => registry.close());
  return registry;
}

async function proxyTo(server: ZooKeeperServer): Promise<{ readonly proxy: TcpProxy; readonly hosts: string }> {
  const proxy = await TcpProxy.to(server.endpoint);
  cleanups.push(() => proxy.close());
  return { proxy, hosts: proxy.addressFor(server.endpoint) };
}

/** A session of somebody else's, as zkCli would have one. */
async function byHand({ endpoint }: ZooKeeperServer, timeoutMs = 60_000): Promise<Connection> {
  const connection = await Connection.open(
    {
      host: "127.0.0.1",
      port: Number(endpoint.split(":")[1]),
      ticket: { id: 0n, password: Buffer.alloc(16), timeoutMs },
      lastZxid: 0n,
      answerTimeoutMs: 5_000,
      digest: undefined,
      clock: systemClock,
      onEvent: () => {},
      onAlive: () => {},
      onPong: () => {},
    },
    new AbortController().signal,
  );
  cleanups.push(() => connection.destroy(new Error("closed")));
  return connection;
}

const service = "/hawser/instances/orders";
const orders1 = `${service}/orders-1`;

function node(path: string, data: string, ephemeral = false) {
  return { path, data: Buffer.from(data), acl: openAcl, ephemeral };
}

async function createParents(hand: Connection): Promise<void> {
  for (const path of ["/hawser", "/hawser/instances", service]) await hand.create(node(path, ""));
}

const json = (id: string): string => JSON.stringify({ id, service: "orders" });

withZooKeeper("what ZooKeeper holds", () => {
  test("an instance is proto3 JSON in an ephemeral node <prefix>/<service>/<id>", async () => {
    const server = await startZooKeeper();
    await open(server).register(instance("orders-1", { zone: "a", metadata: { team: "checkout" } }));
    const { data, stat } = (await (await byHand(server)).data(orders1))!;
    expect(JSON.parse(data.toString())).toEqual({
      id: "orders-1",
      service: "orders",
      version: "1.0.0",
      endpoints: instance("orders-1").endpoints,
      contracts: ["shop.v1.OrdersService"],
      metadata: { team: "checkout" },
      weight: 100,
      zone: "a",
      state: "STATE_SERVING",
      startedAt: "2026-02-03T04:05:06.789Z",
    });
    expect(stat.owner).not.toBe(0n);
  });

  test("a registry has one session however much it registers and watches, and leaves none", async () => {
    const server = await startZooKeeper();
    const registry = open(server);
    const ids = Array.from({ length: 10 }, (_, index) => `orders-${index}`);
    await Promise.all(ids.map((id) => registry.register(instance(id))));
    await new Follower(registry, "orders").untilIds(...ids);
    const sessions = await server.sessions();
    expect([...sessions.values()].map((nodes) => nodes.length)).toEqual([10]);
    expect(await server.ask("mntr")).toMatch(/zk_num_alive_connections\t[12]\n/);
    await registry.close();
    expect((await server.sessions()).size).toBe(0);
  });

  test("nodes that are no instance are left out and logged once, and the others are seen", async () => {
    const server = await startZooKeeper();
    const hand = await byHand(server);
    await createParents(hand);
    const values = {
      "by-hand": json("by-hand"),
      broken: "{",
      moved: json("elsewhere"),
      newer: '{"id":"newer","service":"orders","state":"STATE_ASLEEP"}',
      proto: '{"__proto__":{"id":"proto"},"service":"orders"}',
      huge: "x".repeat(900_000),
      empty: "",
    };
    for (const [id, value] of Object.entries(values)) await hand.create(node(`${service}/${id}`, value));
    const logger = recordingLogger();
    const { proxy, hosts } = await proxyTo(server);
    const registry = open(hosts, { logger });
    const orders = new Follower(registry, "orders");
    const { instances } = await orders.untilIds("by-hand");
    expect(instances[0]).toMatchObject({ weight: 100, state: "serving", endpoints: [], startedAt: new Date(0) });
    proxy.cut();
    await orders.until(({ stale }) => stale);
    await orders.until(({ stale }) => !stale);
    expect(await registry.list()).toEqual([{ name: "orders", versions: [""], instances: 1 }]);
    const complaints = logger.lines.filter(({ message }) => message.includes("left out"));
    expect(complaints.map(({ fields }) => String(fields["reason"]).split(":")[0]).toSorted()).toEqual(
      ["broken", "empty", "huge", "moved", "newer", "proto"].map((id) => `${service}/${id}`),
    );
  });

  test("a service whose node is deleted and made again is seen all the while", async () => {
    const server = await startZooKeeper();
    const hand = await byHand(server);
    const orders = new Follower(open(server), "orders");
    await orders.untilIds();
    await createParents(hand);
    await hand.create(node(`${service}/a`, json("a")));
    await orders.untilIds("a");
    await hand.delete(`${service}/a`, -1);
    await hand.delete(service, -1);
    await orders.untilIds();
    await hand.create(node(service, ""));
    await hand.create(node(`${service}/b`, json("b")));
    await orders.untilIds("b");
  });

  test("however fast it changes, the last is what is seen", async () => {
    const server = await startZooKeeper();
    const hand = await byHand(server);
    await createParents(hand);
    const orders = new Follower(open(server), "orders");
    const names = Array.from({ length: 200 }, (_, index) => `n${String(index).padStart(3, "0")}`);
    await Promise.all(names.map((name) => hand.create(node(`${service}/${name}`, json(name)))));
    await Promise.all(names.slice(1).map((name) => hand.delete(`${service}/${name}`, -1)));
    const heavy = JSON.stringify({ id: "n000", service: "orders", weight: 7 });
    await hand.setData(`${service}/n000`, Buffer.from(heavy), -1);
    await orders.until(({ instances }) => instances.length === 1 && instances[0]?.weight === 7);
  });
});

withZooKeeper("what is done to a registration", () => {
  test("a node deleted by hand is put back, and the registration says so", async () => {
    const server = await startZooKeeper();
    const registration = await open(server).register(instance("orders-1"));
    const states: string[] = [];
    registration.onState((state) => states.push(state));
    const hand = await byHand(server);
    await hand.delete(orders1, -1);
    await eventually(() => expect(states).toEqual(["lost", "registered"]));
    expect(await hand.data(orders1)).toBeDefined();
  });

  test("a node changed by hand is put right", async () => {
    const server = await startZooKeeper();
    await open(server).register(instance("orders-1"));
    const hand = await byHand(server);
    await hand.setData(orders1, Buffer.from("{"), -1);
    await eventually(async () => expect((await hand.data(orders1))?.data.toString()).toContain("shop.v1"));
  });

  test("a node that a killed process of the same id has left is replaced at once, and nobody sees it missing", async () => {
    const server = await startZooKeeper();
    const dead = await byHand(server, 600_000);
    await createParents(dead);
    await dead.create(node(orders1, json("orders-1"), true));
    dead.destroy(new Error("killed"));
    const watching = new Follower(open(server), "orders");
    await watching.untilIds("orders-1");
    await open(server).register(instance("orders-1", { version: "2.0.0" }));
    await watching.until(({ instances }) => instances[0]?.version === "2.0.0");
    expect(watching.snapshots.every(({ instances }) => instances.length === 1)).toBe(true);
  });

  test("of two who were given one id the later has it, and the first takes it up again when that leaves", async () => {
    const server = await startZooKeeper();
    const logger = recordingLogger();
    const first = await open(server, { logger }).register(instance("orders-1", { version: "1.0.0" }));
    const second = await open(server).register(instance("orders-1", { version: "2.0.0" }));
    await eventually(() => expect([first.state, second.state]).toEqual(["lost", "registered"]));
    await expect(first.update(instance("orders-1", { weight: 7 }))).rejects.toThrow(/another process has registered/);
    expect(logger.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    await second.close();
    await eventually(() => expect(first.state).toBe("registered"));
    const { instances } = await new Follower(open(server), "orders").untilIds("orders-1");
    expect(instances[0]).toMatchObject({ version: "1.0.0", weight: 7 });
  });

  test("who closes after another took its id takes nothing away", async () => {
    const server = await startZooKeeper();
    const first = await open(server).register(instance("orders-1"));
    const second = open(server);
    await second.register(instance("orders-1", { version: "2.0.0" }));
    await first.close();
    expect(await second.list()).toEqual([{ name: "orders", versions: ["2.0.0"], instances: 1 }]);
  });

  test("a session that has expired is replaced, and everything registered again", async () => {
    const server = await startZooKeeper();
    const { proxy, hosts } = await proxyTo(server);
    const registry = open(hosts, { ttlMs: 1_000 });
    const registrations = await Promise.all(["orders-1", "orders-2"].map((id) => registry.register(instance(id))));
    const [before] = (await server.sessions()).keys();
    const others = new Follower(open(server), "orders");
    await others.untilIds("orders-1", "orders-2");
    proxy.refuse();
    await others.untilIds();
    await eventually(() => expect(registrations.map(({ state }) => state)).toEqual(["lost", "lost"]));
    proxy.admit();
    await others.untilIds("orders-1", "orders-2");
    const [after, ...more] = (await server.sessions()).keys();
    expect(more).toEqual([]);
    expect([before, undefined]).not.toContain(after);
    await eventually(() => expect(registrations.map(({ state }) => state)).toEqual(["registered", "registered"]));
  });

  test("a connection that is cut is made again, and the session goes on", async () => {
    const server = await startZooKeeper();
    const { proxy, hosts } = await proxyTo(server);
    const registry = open(hosts);
    const registration = await registry.register(instance("orders-1"));
    const states: string[] = [];
    registration.onState((state) => states.push(state));
    const [before] = (await server.sessions()).keys();
    const orders = new Follower(registry, "orders");
    await orders.untilIds("orders-1");
    proxy.cut();
    await orders.until(({ stale }) => stale);
    await orders.until(({ stale }) => !stale);
    expect([...(await server.sessions()).keys()]).toEqual([before]);
    await registration.update(instance("orders-1", { weight: 7 }));
    expect(states).toEqual([]);
  });

  test("a link that has died without a word is noticed, and the registration is lost and found", async () => {
    const server = await startZooKeeper();
    const { proxy, hosts } = await proxyTo(server);
    const events: RegistryEvent[] = [];
    const registry = open(hosts, { ttlMs: 1_000, requestTimeoutMs: 300, monitor: (event) => events.push(event) });
    const registration = await registry.register(instance("orders-1"));
    const orders = new Follower(registry, "orders");
    const before = await orders.untilIds("orders-1");
    proxy.stall();
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    await eventually(() => expect(registration.state).toBe("lost"));
    proxy.resume();
    proxy.cut();
    await eventually(() => expect(registration.state).toBe("registered"));
    expect(await orders.until(({ stale }) => !stale)).toEqual(before);
    expect(events).toContainEqual({ type: "renewal", ok: true });
    expect(events).toContainEqual({ type: "renewal", ok: false });
    expect(events).toContainEqual({ type: "watch-restart", service: "orders" });
  });
});

withZooKeeper("a watch of which nothing is heard", () => {
  test("is confirmed by every ping that is answered", async () => {
    const events: RegistryEvent[] = [];
    const server = await startZooKeeper();
    const registry = open(server, { ttlMs: 1_000, monitor: (event) => events.push(event) });
    await new Follower(registry, "orders").untilIds();
    events.length = 0;
    await eventually(() => expect(events.length).toBeGreaterThan(1));
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["confirmed"]));
  });
});

withZooKeeper("what happens to ZooKeeper", () => {
  test("killed and restarted on its data: the last set stays, stale meanwhile, and nobody is lost", async () => {
    const server = await startZooKeeper();
    const registration = await open(server).register(instance("orders-1"));
    const watching = open(server);
    const orders = new Follower(watching, "orders");
    const before = await orders.untilIds("orders-1");
    await server.kill();
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    await server.restart();
    expect(await orders.until(({ stale }) => !stale)).toEqual(before);
    await watching.register(instance("orders-2"));
    await orders.untilIds("orders-1", "orders-2");
    expect(registration.state).toBe("registered");
  });

  test("killed and restarted with its data lost: everybody registers again, though it is behind what they have seen", async () => {
    const server = await startZooKeeper();
    const registry = open(server);
    await Promise.all(["orders-1", "orders-2"].map((id) => registry.register(instance(id))));
    const orders = new Follower(open(server), "orders");
    await orders.untilIds("orders-1", "orders-2");
    await server.kill();
    await orders.until(({ stale }) => stale);
    await server.restart({ empty: true });
    await orders.until(({ stale, instances }) => !stale && instances.length === 2);
    expect(orders.snapshots.slice(-3).every(({ instances }) => instances.length === 2)).toBe(true);
    await eventually(async () => {
      expect([...(await server.sessions()).values()].flat().toSorted()).toEqual([orders1, `${service}/orders-2`]);
    });
  });

  test("frozen for longer than the session: the registration says lost, and is registered again after", async () => {
    const server = await startZooKeeper();
    const registration = await open(server, { ttlMs: 1_000, requestTimeoutMs: 300 }).register(instance("orders-1"));
    server.pause();
    await eventually(() => expect(registration.state).toBe("lost"));
    server.resume();
    await eventually(() => expect(registration.state).toBe("registered"));
    await new Follower(open(server), "orders").untilIds("orders-1");
  });

  test("an update while it is away is refused at once, and published once it is back", async () => {
    const server = await startZooKeeper();
    const registry = open(server);
    const registration = await registry.register(instance("orders-1"));
    const orders = new Follower(registry, "orders");
    await orders.untilIds("orders-1");
    await server.kill();
    await orders.until(({ stale }) => stale);
    await expect(registration.update(instance("orders-1", { state: "draining" }))).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/"orders-1" could not be updated now/),
    });
    await server.restart();
    await new Follower(open(server), "orders").until(({ instances }) => instances[0]?.state === "draining");
  });

  test("a registration that is closed while it is away is taken out once it is back", async () => {
    const server = await startZooKeeper();
    const registry = open(server, { ttlMs: 60_000 });
    const leaving = await registry.register(instance("orders-1"));
    await registry.register(instance("orders-2"));
    const orders = new Follower(registry, "orders");
    await orders.untilIds("orders-1", "orders-2");
    await server.kill();
    await orders.until(({ stale }) => stale);
    await leaving.close();
    await server.restart();
    await new Follower(open(server), "orders").untilIds("orders-2");
  });

  test("a registration that came too late leaves nothing behind once it answers again", async () => {
    const server = await startZooKeeper();
    const registry = open(server, { ttlMs: 10_000 });
    await registry.register(instance("orders-1"));
    server.pause();
    const late = registry.register(instance("orders-2"), { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    server.resume();
    await registry.close();
    await new Follower(open(server), "orders").untilIds();
    expect((await server.sessions()).size).toBe(0);
  });

  test("a server that is away is passed over", async () => {
    const server = await startZooKeeper();
    const registry = open(["127.0.0.1:1", server.endpoint, "127.0.0.1:2"].join());
    const orders = new Follower(registry, "orders");
    await registry.register(instance("orders-1"));
    await orders.untilIds("orders-1");
    expect(registry.name).toBe(`zookeeper://127.0.0.1:1,${server.endpoint},127.0.0.1:2`);
  });

  test("a closed registry leaves no timer, even one that was closed while it was away", async () => {
    const server = await startZooKeeper();
    for (const away of [false, true]) {
      const clock = new CountingClock();
      const registry = open(server, { clock });
      await registry.register(instance("orders-1"));
      const orders = new Follower(registry, "orders");
      await orders.untilIds("orders-1");
      if (away) {
        await server.kill();
        await orders.until(({ stale }) => stale);
      }
      await registry.close();
      expect(clock.running).toBe(0);
    }
  });

  test("frozen: who leaves waits for a second in all, even where a request is on its way", async () => {
    const server = await startZooKeeper();
    const clock = new ManualClock();
    const events: RegistryEvent[] = [];
    const registry = open(server, { clock, monitor: (event) => events.push(event) });
    const leaving = await registry.register(instance("orders-1"));
    const staying = await registry.register(instance("orders-2"));
    await new Follower(registry, "orders").untilIds("orders-1", "orders-2");
    server.pause();
    const late = expect(staying.update(instance("orders-2", { weight: 7 }))).rejects.toThrow(/is closed/);
    const left = leaving.close();
    await clock.run(1_000);
    await left;
    const closed = registry.close();
    await clock.run(1_000);
    await Promise.all([closed, late]);
    expect(clock.pending).toBe(0);
    expect(events).not.toContainEqual({ type: "renewal", ok: false });
  });
});

withZooKeeper("ZooKeeper that asks who is there", () => {
  test("what a user has registered everybody may read, and nobody else may change", async () => {
    const server = await startZooKeeper();
    const auth = { username: "hawser", password: "secret" };
    const owner = open(server, { auth });
    await owner.register(instance("orders-1"));
    const guest = open(server);
    await new Follower(guest, "orders").untilIds("orders-1");
    const named = { code: Code.PERMISSION_DENIED, message: expect.stringContaining(guest.name) };
    await expect(guest.register(instance("orders-2"))).rejects.toMatchObject(named);
    const stranger = open(server, { auth: { ...auth, password: "wrong" } });
    await expect(stranger.register(instance("orders-2"))).rejects.toMatchObject({
      code: Code.PERMISSION_DENIED,
      message: expect.stringContaining('asked as "hawser"'),
    });
    await open(server, { auth }).register(instance("orders-2"));
    await new Follower(guest, "orders").untilIds("orders-1", "orders-2");
  });

  test("a node that may not be read is left out and logged, and takes nothing from the others", async () => {
    const server = await startZooKeeper();
    const logger = recordingLogger();
    const registry = open(server, { logger });
    await registry.register(instance("orders-1"));
    const orders = new Follower(registry, "orders");
    await orders.untilIds("orders-1");
    const secret = [{ permissions: 2, scheme: "world", id: "anyone" }];
    await (await byHand(server)).create({ ...node(`${service}/secret`, json("secret")), acl: secret });
    await registry.register(instance("orders-2"));
    await orders.untilIds("orders-1", "orders-2");
    expect(orders.snapshots.some(({ stale }) => stale)).toBe(false);
    expect(await registry.list()).toMatchObject([{ name: "orders", instances: 2 }]);
    expect(logger.lines.map(({ fields }) => fields["reason"])).toEqual([
      `${service}/secret: it may not be read; check its ACL`,
    ]);
  });

  test("a service or a prefix that may not be read is an error, and never an empty set", async () => {
    const server = await startZooKeeper();
    const hand = await byHand(server);
    await hand.create(node("/hawser", ""));
    const secret = [{ permissions: 2, scheme: "world", id: "anyone" }];
    await hand.create({ ...node("/hawser/instances", ""), acl: secret });
    await expect(open(server).list()).rejects.toMatchObject({ code: Code.PERMISSION_DENIED });
  });
});

describe("what is no ZooKeeper", () => {
  async function listening(server: ReturnType<typeof createServer>): Promise<string> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test("a server that speaks something else is named, and nothing breaks", async () => {
    const web = createHttpServer();
    const registry = open(await listening(web));
    cleanups.push(() => web.close());
    await expect(registry.list()).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/does not speak ZooKeeper's protocol/),
    });
  });

  test("a server that never answers is given up in time", async () => {
    const mute = createServer((socket) => {
      cleanups.push(() => socket.destroy());
    });
    const registry = open(await listening(mute), { requestTimeoutMs: 100 });
    cleanups.push(() => new Promise((resolve) => mute.close(resolve)));
    await expect(registry.list()).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/has fallen silent/),
    });
  });
});

describe("what zookeeperRegistry() asks for", () => {
  test("an option that cannot be is refused by the factory, which says what it was", () => {
    const refused = (options: ZooKeeperRegistryOptions, message: RegExp) =>
      expect(() => zookeeperRegistry(options)).toThrow(message);
    refused({ hosts: [] }, /hosts is empty/);
    refused(undefined as never, /hosts is empty/);
    refused({} as never, /hosts is empty/);
    refused({ hosts: [5 as never] }, /host 5; expected host or host:port/);
    refused({ hosts: "a", prefix: null as never }, /prefix is null/);
    refused({ hosts: "a", auth: null as never }, /auth must be/);
    refused({ hosts: "zookeeper://a:1" }, /host "zookeeper:\/\/a:1"; expected host or host:port/);
    refused({ hosts: "a:99999" }, /host "a:99999"/);
    refused({ hosts: "a", ttlMs: 0 }, /ttlMs is 0/);
    refused({ hosts: "a", requestTimeoutMs: 0.5 }, /requestTimeoutMs is 0.5/);
    refused({ hosts: "a", prefix: "/x/" }, /prefix is "\/x\/"/);
    refused({ hosts: "a", prefix: "/x/../y" }, /prefix is/);
    refused({ hosts: "a", auth: { username: "a:b", password: "" } }, /username without ":"/);
    expect(open("a:1, b:2").name).toBe("zookeeper://a:1,b:2");
  });

  test("what ZooKeeper cannot carry is refused before it is sent", async () => {
    const registry = open("127.0.0.1:1");
    const huge = instance("orders-1", { metadata: { all: "x".repeat(1_000_000) } });
    await expect(registry.register(huge)).rejects.toThrow(/ZooKeeper carries 1000000/);
    await expect(registry.register(instance(".."))).rejects.toThrow(TypeError);
    expect(() => registry.watch(".", () => {})).toThrow(TypeError);
  });
});
