import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { type ConsulRegistryOptions, consulRegistry } from "../../src/registry/consul/consul.js";
import { fromEntry, toRecord } from "../../src/registry/consul/records.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";
import { CountingClock } from "../support/counting-clock.js";
import { eventually } from "../support/eventually.js";
import { FakeConsul, type FakeConsulOptions } from "../support/fake-consul.js";
import { ManualClock } from "../support/manual-clock.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startConsul(options: FakeConsulOptions = {}): Promise<FakeConsul> {
  const consul = await FakeConsul.start(options);
  cleanups.push(() => consul.stop());
  return consul;
}

/** Waits little between tries, so that a test need not either. */
function open({ address }: { readonly address: string }, options: Partial<ConsulRegistryOptions> = {}): Registry {
  const registry = consulRegistry({ address, random: () => 0.1, ...options });
  cleanups.push(() => registry.close());
  return registry;
}

/** Looks three times a second. */
const quick = { ttlMs: 1_000, requestTimeoutMs: 300 } as const;

describe("what Consul holds", () => {
  test("an instance is a service with a TTL check, at its first gRPC endpoint, and whole in Meta", async () => {
    const consul = await startConsul();
    const entered = instance("orders-1", { endpoints: ["http://10.0.0.1:80", "grpc://[fd00::1]:50051"], weight: 250 });
    await open(consul).register(entered);
    const { Meta, ...record } = consul.registered("orders-1")!;
    expect(record).toEqual({
      ID: "orders-1",
      Name: "orders",
      Address: "fd00::1",
      Port: 50_051,
      Weights: { Passing: 3, Warning: 1 },
      Check: { TTL: "10000ms", Status: "passing", DeregisterCriticalServiceAfter: "60000ms" },
    });
    expect(Meta).toMatchObject({ version: "1.0.0", "hawser-instance-00": expect.stringContaining('"id":"orders-1"') });
  });

  test("whatever an instance says comes back as it was, in pairs that Consul allows", () => {
    const text = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(fc.dictionary(text, text), text, fc.array(text), (metadata, zone, contracts) => {
        const { __proto__: _, ...plain } = metadata;
        const entered = instance("orders-1", { metadata: plain, zone, contracts });
        const { ID, Name, Meta } = toRecord(entered);
        for (const [key, value] of Object.entries(Meta)) {
          expect(key).toMatch(/^[a-zA-Z0-9_-]{1,128}$/);
          expect(Buffer.byteLength(value)).toBeLessThanOrEqual(512);
        }
        expect(fromEntry("orders", { Service: { ID, Service: Name, Meta } })).toEqual(entered);
      }),
    );
  });

  test("services that others have registered are instances too", async () => {
    const consul = await startConsul();
    const node = { Node: "node 7", Address: "10.1.1.7", Datacenter: "dc1" };
    const mine = { ID: "web", Service: "web", Address: "", Port: 80, Tags: ["blue", "v2"], Weights: { Passing: 2 } };
    consul.enter("web", [
      { Node: node, Service: { ...mine, Meta: { version: "2.1", team: "x" } } },
      {
        Node: { ...node, Node: "node-8" },
        Service: { ID: "web", Service: "web", Address: "fd00::8", Port: 81, Meta: null },
      },
    ]);
    const { instances } = await new Follower(open(consul), "web").untilIds("web@node%207", "web@node-8");
    const foreign = { service: "web", contracts: [], state: "serving", startedAt: new Date(0), zone: "dc1" };
    expect(instances).toEqual([
      {
        ...foreign,
        id: "web@node%207",
        version: "2.1",
        endpoints: ["grpc://10.1.1.7:80"],
        metadata: { version: "2.1", team: "x", "consul-tags": "blue,v2" },
        weight: 200,
      },
      { ...foreign, id: "web@node-8", version: "", endpoints: ["grpc://[fd00::8]:81"], metadata: {}, weight: 100 },
    ]);
  });

  test("entries that make no sense are left out and logged once, and the others are seen", async () => {
    const consul = await startConsul();
    const logger = recordingLogger();
    const orders = new Follower(open(consul, { logger }), "orders");
    const part = (json: string) => ({ "hawser-instance-00": json });
    consul.enter("orders", [
      { Service: { ID: "good", Meta: part('{"id":"good","service":"orders"}') } },
      { Service: { ID: "broken", Meta: part("{") } },
      { Service: { ID: "liar", Meta: part('{"id":"other","service":"orders"}') } },
      { Service: { ID: "proto", Meta: part('{"__proto__":{"id":"proto"},"service":"orders"}') } },
      { Service: { ID: "heavy", Weights: { Passing: "lead" } } },
      {},
    ]);
    await orders.untilIds("good");
    consul.stir();
    consul.enter("inventory", []);
    await eventually(() => expect(consul.held).toBe(1));
    const complaints = logger.lines.filter(({ message }) => message.includes("left out"));
    expect(complaints.map(({ fields }) => String(fields["reason"]).split(":")[0])).toEqual([
      "broken",
      "liar",
      "proto",
      "heavy",
      "undefined",
    ]);
  });

  test("of two nodes that say the same of an id, the one started later is believed", async () => {
    const consul = await startConsul();
    const entry = (version: string, startedAt: Date) => {
      const { ID, Name, Meta } = toRecord(instance("orders-1", { version, startedAt }));
      return { Service: { ID, Service: Name, Meta } };
    };
    consul.enter("orders", [entry("2", new Date(2_000)), entry("1", new Date(1_000))]);
    const { instances } = await new Follower(open(consul), "orders").untilIds("orders-1");
    expect(instances[0]?.version).toBe("2");
  });

  test("whose check fails, for whatever reason, is not there", async () => {
    const consul = await startConsul();
    const registry = open(consul, { ttlMs: 60_000 });
    const orders = new Follower(registry, "orders");
    await registry.register(instance("orders-1"));
    await registry.register(instance("orders-2"));
    for (const status of ["warning", "critical"] as const) {
      await orders.untilIds("orders-1", "orders-2");
      consul.setStatus("orders-1", status);
      await orders.untilIds("orders-2");
      consul.setStatus("orders-1", "passing");
    }
    await orders.untilIds("orders-1", "orders-2");
  });

  test("an instance that vanishes without a word is gone after its time to live", async () => {
    const clock = new ManualClock();
    const consul = await startConsul({ clock });
    const proxy = await TcpProxy.to(consul.address);
    cleanups.push(() => proxy.close());
    await open({ address: proxy.addressFor(consul.address) }).register(instance("orders-1"));
    const orders = new Follower(open(consul), "orders");
    await orders.untilIds("orders-1");
    proxy.refuse();
    await clock.run(10_000);
    await orders.untilIds();
  });

  test("a closed registry leaves no service and no timer", async () => {
    const consul = await startConsul();
    const clock = new CountingClock();
    const registry = open(consul, { clock });
    await registry.register(instance("orders-1"));
    await new Follower(registry, "orders").untilIds("orders-1");
    await registry.close();
    expect([consul.ids(), consul.held, clock.running]).toEqual([[], 0, 0]);
  });

  test("an id that another process has taken over stays with it", async () => {
    const consul = await startConsul();
    const first = await open(consul).register(instance("orders-1"));
    await open(consul).register(instance("orders-1", { version: "2.0.0" }));
    await first.close();
    expect(consul.ids()).toEqual(["orders-1"]);
  });

  test("however many watch a service through one registry, Consul is asked once at a time", async () => {
    const consul = await startConsul();
    const registry = open(consul);
    const followers = [1, 2, 3, 4, 5].map(() => new Follower(registry, "orders"));
    await Promise.all(followers.map((each) => each.untilIds()));
    await eventually(() => expect(consul.held).toBe(1));
    expect(consul.requests).toHaveLength(2);
    await Promise.all(followers.map((each) => each.close()));
    await eventually(() => expect(consul.held).toBe(0));
  });

  test("an index that grows where nothing has changed tells nobody anything", async () => {
    const consul = await startConsul();
    const events: RegistryEvent[] = [];
    const registry = open(consul, { monitor: (event) => events.push(event) });
    const orders = new Follower(registry, "orders");
    await orders.untilIds();
    const confirmed = () => events.filter(({ type }) => type === "confirmed").length;
    for (let round = 0; round < 3; round++) {
      await eventually(() => expect(consul.held).toBe(1));
      const before = confirmed();
      consul.stir();
      await eventually(() => expect(confirmed()).toBe(before + 1));
    }
    expect(orders.snapshots).toHaveLength(1);
  });
});

describe("where Consul is asked", () => {
  test("another datacenter is watched and listed; registered is with the agent, whatever is watched", async () => {
    const consul = await startConsul();
    const far = { Node: { Node: "node-7", Address: "10.7.7.7", Datacenter: "dc2" }, Service: { ID: "far", Port: 80 } };
    consul.enter("orders", [far]);
    const registry = open(consul, { datacenter: "dc2" });
    const registration = await registry.register(instance("orders-1"));
    expect(registration.state).toBe("registered");
    await new Follower(open(consul), "orders").untilIds("orders-1");
    await new Follower(registry, "orders").untilIds("far@node-7");
    expect(await registry.list()).toEqual([{ name: "orders", versions: [""], instances: 1 }]);
    await registration.close();
    const elsewhere = consul.requests.filter((request) => request.includes("dc=dc2"));
    expect([...new Set(elsewhere.map((request) => request.replace(/\?.*/, "")))].toSorted()).toEqual([
      "GET /v1/catalog/services",
      "GET /v1/health/service/orders",
    ]);
  });

  test("a namespace is named in every question", async () => {
    const consul = await startConsul();
    const registry = open(consul, { namespace: "shop" });
    const registration = await registry.register(instance("orders-1"));
    await new Follower(registry, "orders").untilIds("orders-1");
    await registry.list();
    await registration.close();
    expect(consul.requests.filter((request) => !request.includes("ns=shop"))).toEqual([]);
  });
});

describe("what is done to a registration", () => {
  /** Registered, and about to give a sign of life. */
  async function registered(consul: FakeConsul) {
    const clock = new ManualClock();
    const events: RegistryEvent[] = [];
    const registry = open(consul, { clock, monitor: (event) => events.push(event) });
    const registration = await registry.register(instance("orders-1"));
    const states: string[] = [];
    registration.onState((state) => states.push(state));
    return { events, states, untilSignOfLife: () => clock.run(3_400) };
  }

  test("deregistered by somebody else it is registered again", async () => {
    const consul = await startConsul();
    const { states, untilSignOfLife } = await registered(consul);
    consul.forget("orders-1");
    await untilSignOfLife();
    await eventually(() => expect(states).toEqual(["lost", "registered"]));
    expect(consul.ids()).toEqual(["orders-1"]);
  });

  test.each(['Unknown check "service:orders-1"', 'CheckID "service:orders-1" does not have associated TTL'])(
    "an older agent that has forgotten it says 500: %s, and is told everything again",
    async (text) => {
      const consul = await startConsul();
      const { states, untilSignOfLife } = await registered(consul);
      consul.failing.set("/v1/agent/check/pass/", { status: 500, text });
      await untilSignOfLife();
      await eventually(() => expect(states).toEqual(["lost", "registered"]));
    },
  );

  test("an agent that fails to take a sign of life for another reason has not forgotten it", async () => {
    const consul = await startConsul();
    const { events, states, untilSignOfLife } = await registered(consul);
    consul.failing.set("/v1/agent/check/pass/", { status: 500, text: "rpc error making call: No cluster leader" });
    await untilSignOfLife();
    await eventually(() => expect(events).toContainEqual({ type: "renewal", ok: false }));
    expect(states).toEqual([]);
    expect(consul.requests.filter((request) => request.includes("/service/register?"))).toHaveLength(1);
  });

  test("what only the agent knows, and not the catalogue, is not registered", async () => {
    const consul = await startConsul();
    consul.failing.set("/v1/health/service/", { status: 500, text: "No cluster leader" });
    const late = open(consul).register(instance("orders-1"), { timeoutMs: 200 });
    await expect(late).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("No cluster leader"),
    });
  });

  test("an update while Consul is away is refused at once, and published once it is back", async () => {
    const consul = await startConsul();
    const registry = open(consul, quick);
    const registration = await registry.register(instance("orders-1"));
    await consul.stop();
    await expect(registration.update(instance("orders-1", { state: "draining" }))).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/"orders-1" could not be updated now/),
    });
    await consul.restart();
    await new Follower(open(consul), "orders").until(({ instances }) => instances[0]?.state === "draining");
  });
});

describe("what happens to Consul", () => {
  test.each([{ empty: false }, { empty: true }])(
    "restarted (data lost: $empty): the last set stays, stale meanwhile, and everybody is there again after",
    async ({ empty }) => {
      const consul = await startConsul();
      const registry = open(consul, quick);
      const ids = ["orders-1", "orders-2"];
      const registrations = await Promise.all(ids.map((id) => registry.register(instance(id))));
      const orders = new Follower(open(consul), "orders");
      const before = await orders.untilIds(...ids);
      await consul.stop();
      expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
      await consul.restart({ empty });
      expect(await orders.until(({ stale }) => !stale)).toEqual(before);
      await eventually(() => expect(registrations.map(({ state }) => state)).toEqual(["registered", "registered"]));
      expect(
        orders.snapshots.slice(orders.snapshots.indexOf(before)).every(({ instances }) => instances.length === 2),
      ).toBe(true);
    },
  );

  test("frozen for longer than the time to live: stale and lost, though every question stays open, and all well after", async () => {
    const consul = await startConsul();
    const events: RegistryEvent[] = [];
    const registry = open(consul, { ...quick, monitor: (event) => events.push(event) });
    const registration = await registry.register(instance("orders-1"));
    const orders = new Follower(registry, "orders");
    const before = await orders.untilIds("orders-1");
    consul.hang();
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    await eventually(() => expect(registration.state).toBe("lost"));
    consul.wakeUp();
    await eventually(() => expect(registration.state).toBe("registered"));
    expect(await orders.until(({ stale }) => !stale)).toEqual(before);
    for (const event of [
      { type: "renewal", ok: true },
      { type: "renewal", ok: false },
      { type: "watch-restart", service: "orders" },
    ]) {
      expect(events).toContainEqual(event);
    }
  });

  test("a Consul that counts anew has another history, which is not believed at once", async () => {
    const consul = await startConsul();
    const clock = new ManualClock();
    const orders = new Follower(open(consul, { clock }), "orders");
    consul.enter("orders", [{ Service: { ID: "a", Address: "10.0.0.1", Port: 1 } }]);
    const before = await orders.untilIds("a@");
    await clock.run(50);
    await eventually(() => expect(consul.held).toBe(1));
    consul.index = 1;
    consul.enter("orders", []);
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    await clock.run(10_000);
    await orders.untilIds();
    expect(orders.snapshots).toHaveLength(3);
  });

  test.each([
    ["nothing is asked", 0],
    ["a sign of life is on its way", 3_400],
  ])("frozen while %s: who leaves waits for a second in all", async (_, sinceMs) => {
    const consul = await startConsul();
    const clock = new ManualClock();
    const registry = open(consul, { clock });
    await registry.register(instance("orders-1"));
    await registry.register(instance("orders-2"));
    const orders = new Follower(registry, "orders");
    await orders.untilIds("orders-1", "orders-2");
    consul.hang();
    await clock.run(sinceMs);
    const closing = registry.close();
    await clock.run(1_000);
    await closing;
    expect(clock.pending).toBe(0);
  });

  test("a Consul that answers with errors keeps the last set, stale", async () => {
    const consul = await startConsul();
    const registry = open(consul);
    await registry.register(instance("orders-1"));
    const orders = new Follower(registry, "orders");
    const before = await orders.untilIds("orders-1");
    consul.failing.set("/v1/health/", { status: 500, text: "No cluster leader" });
    consul.stir();
    consul.failing.set("/v1/status/leader", { status: 200, text: '""' });
    await eventually(() => expect(consul.held).toBe(0));
    consul.stir();
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    consul.failing.clear();
    expect(await orders.until(({ stale }) => !stale)).toEqual(before);
  });

  test("an answer that stops in its middle is late, is said to be, and is not asked for again", async () => {
    let asked = 0;
    const web = createServer((_, response) => {
      asked += 1;
      if (asked === 1) response.end("{}");
      else response.writeHead(200, { "content-length": "100" }).write("{");
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => web.close());
    cleanups.push(() => web.closeAllConnections());
    const registry = open({ address: `127.0.0.1:${(web.address() as AddressInfo).port}` }, { requestTimeoutMs: 100 });
    expect(await registry.list()).toEqual([]);
    await expect(registry.list()).rejects.toThrow(/no answer within 100 ms/);
    expect(asked).toBe(2);
  });

  test("what is no Consul is named, and nothing breaks", async () => {
    const pages: [number, string, RegExp][] = [
      [200, "<html>", /none of Consul's/],
      [200, "7", /none of Consul's/],
      [404, "no", /answered 404: no/],
    ];
    for (const [status, text, message] of pages) {
      const web = createServer((_, response) => response.writeHead(status).end(text));
      await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
      cleanups.push(() => web.close());
      const registry = open({ address: `127.0.0.1:${(web.address() as AddressInfo).port}` });
      await expect(registry.list()).rejects.toMatchObject({
        code: Code.UNAVAILABLE,
        message: expect.stringMatching(message),
      });
    }
  });
});

describe("Consul that asks who is there", () => {
  test("a token is shown with every question", async () => {
    const consul = await startConsul({ token: "s3cret" });
    const registry = open(consul, { token: "s3cret" });
    await registry.register(instance("orders-1"));
    await new Follower(registry, "orders").untilIds("orders-1");
  });

  test("a refusal comes at once and says what to change", async () => {
    const registry = open(await startConsul({ token: "s3cret" }), { token: "wrong" });
    const refused = { code: Code.PERMISSION_DENIED, message: expect.stringMatching(/answered 403.*check token/) };
    await expect(
      registry.register(instance("orders-1"), { timeoutMs: Number.POSITIVE_INFINITY }),
    ).rejects.toMatchObject(refused);
    await expect(registry.list()).rejects.toMatchObject(refused);
  });

  test("what a token may not read is an error, and never an empty set", async () => {
    const consul = await startConsul();
    const logger = recordingLogger();
    const registry = open(consul, { logger });
    await registry.register(instance("orders-1"));
    const orders = new Follower(registry, "orders");
    const before = await orders.untilIds("orders-1");
    consul.filtering = true;
    consul.stir();
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    expect(logger.lines.some(({ fields }) => String(fields["err"]).includes("may not read orders"))).toBe(true);
  });

  test("over TLS, it is known by its certificate, and asks for ours", async () => {
    const pem = (name: string) => readFileSync(fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url)));
    const consul = await startConsul({ tls: { ca: pem("ca.pem"), cert: pem("server.pem"), key: pem("server.key") } });
    const address = `https://${consul.address}`;
    const tls = { ca: pem("ca.pem"), cert: pem("client.pem"), key: pem("client.key") };
    const registry = open({ address }, { tls });
    await registry.register(instance("orders-1"));
    expect(registry.name).toBe(`consuls://${consul.address}`);
    const named = { code: Code.UNAVAILABLE, message: expect.stringContaining(registry.name) };
    await expect(open({ address }, { tls: { ...tls, ca: pem("stranger-ca.pem") } }).list()).rejects.toMatchObject(
      named,
    );
    await expect(open({ address }, { tls: { ca: tls.ca } }).list()).rejects.toMatchObject(named);
  });
});

describe("what consulRegistry() asks for", () => {
  test("an option that cannot be is refused by the factory, which says what it was", () => {
    const refused = (options: ConsulRegistryOptions, message: RegExp) =>
      expect(() => consulRegistry(options)).toThrow(message);
    refused({ address: "consul://a:1" }, /address "consul:\/\/a:1"; expected host:port/);
    refused({ address: "a:99999" }, /address "a:99999"/);
    refused({ token: "" }, /token must be/);
    refused({ datacenter: "a b" }, /datacenter must be/);
    refused({ address: 5 as never }, /address 5; expected host:port/);
    refused({ token: 5 as never }, /token must be/);
    refused({ tls: { ca: "x" } }, /does not begin with https/);
    refused({ address: "https://a", tls: { ca: "x" } }, /tls cannot be used \(.*\); expected PEM/);
    refused({ address: "https://a", tls: { cert: "x" } }, /tls.cert and tls.key; give both or neither/);
    refused({ address: "https://a", tls: { cert: "x", key: "y" } }, /tls cannot be used/);
    refused({ ttlMs: 10 }, /ttlMs is 10/);
    refused({ waitMs: 700_000 }, /waitMs is 700000/);
    refused({ deregisterAfterMs: 1_000 }, /deregisterAfterMs is 1000/);
    refused({ requestTimeoutMs: 0 }, /requestTimeoutMs is 0/);
  });

  test("what Consul cannot carry is refused before it is sent", async () => {
    const registry = open({ address: "127.0.0.1:1" });
    const huge = instance("orders-1", { metadata: { all: "x".repeat(40_000) } });
    await expect(registry.register(huge)).rejects.toThrow(/Consul carries 32256/);
    await expect(registry.register(instance(".."))).rejects.toThrow(TypeError);
    expect(() => registry.watch(".", () => {})).toThrow(TypeError);
  });
});
