import { afterEach, describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { type DnsRegistryOptions, dnsRegistry } from "../../src/registry/dns/dns.js";
import type { Snapshot } from "../../src/registry/registry.js";
import { a, aaaa, DnsServer, srv } from "../support/dns-server.js";
import { eventually } from "../support/eventually.js";
import { ManualClock } from "../support/manual-clock.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startServer(): Promise<DnsServer> {
  const server = await DnsServer.start();
  cleanups.push(() => server.close());
  return server;
}

/** By a clock that stands still, without jitter. */
function follow(server: DnsServer, options: DnsRegistryOptions = {}, service = "orders"): Follower {
  const registry = dnsRegistry({ servers: [server.address], domain: "test", random: () => 0, ...options });
  cleanups.push(() => registry.close());
  return new Follower(registry, service);
}

const brief = ({ instances }: Snapshot) =>
  instances.map(({ id, weight, endpoints }) => `${id} ${weight} ${endpoints.join(" ")}`);

const name = "_grpc._tcp.orders.test";

describe("SRV records", () => {
  test("each is an instance: its target's addresses are the endpoints, its weight the weight", async () => {
    const server = await startServer();
    server.set("SRV", name, [
      srv(name, "a.test", { port: 7_000, weight: 30 }),
      srv(name, "a.test", { port: 7_001, weight: 0 }),
      srv(name, "B.test", { port: 7_000, weight: 65_535 }),
    ]);
    server.set("A", "a.test", [a("a.test", "10.0.0.1")]);
    server.set("AAAA", "a.test", [aaaa("a.test", "fd00::1")]);
    server.set("AAAA", "b.test", [aaaa("b.test", "fd00::2")]);
    const orders = follow(server, { scheme: "grpcs" });
    expect(brief(await orders.until(({ instances }) => instances.length === 3))).toEqual([
      "a.test:7000 30 grpcs://10.0.0.1:7000 grpcs://[fd00::1]:7000",
      "a.test:7001 1 grpcs://10.0.0.1:7001 grpcs://[fd00::1]:7001",
      "b.test:7000 65535 grpcs://[fd00::2]:7000",
    ]);
  });

  test("only the best priority in which somebody has an address is called", async () => {
    const server = await startServer();
    const [clock, logger] = [new ManualClock(), recordingLogger()];
    server.set("SRV", name, [
      srv(name, "gone.test", { priority: 1 }),
      srv(name, "spare.test", { priority: 5 }),
      srv(name, "last.test", { priority: 9 }),
    ]);
    for (const host of ["spare.test", "last.test"]) server.set("A", host, [a(host, "10.0.0.1")]);
    const orders = follow(server, { clock, logger });
    await orders.untilIds("spare.test:50051");
    server.set("A", "gone.test", [a("gone.test", "10.0.0.9")]);
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.run(1_000);
    await orders.untilIds("gone.test:50051");
    expect(logger.lines.map(({ fields }) => fields["reason"])).toEqual(["gone.test has no address"]);
  });

  test("a record whose target is a dot says that there is no such service", async () => {
    const server = await startServer();
    server.set("SRV", name, [srv(name, ".", { port: 0 })]);
    await follow(server, { minRefreshMs: 1 }).untilIds();
    expect(server.questions.filter((question) => !question.startsWith("SRV"))).toEqual([]);
  });

  test("the name is made as the template says", async () => {
    const server = await startServer();
    const consul = "_orders._tcp.service.test";
    server.set("SRV", consul, [srv(consul, "a.test")]);
    server.set("A", "a.test", [a("a.test", "10.0.0.1")]);
    await follow(server, { srv: "_{service}._tcp.{domain}", domain: "service.test" }).untilIds("a.test:50051");
  });

  test("a service may be a whole name where there is no domain", async () => {
    const server = await startServer();
    server.set("SRV", name, [srv(name, "a.test")]);
    server.set("A", "a.test", [a("a.test", "10.0.0.1")]);
    await follow(server, { domain: "" }, "orders.test").untilIds("a.test:50051");
  });

  test("a host whose addresses cannot be looked up keeps those it had, and the others change", async () => {
    const server = await startServer();
    const clock = new ManualClock();
    server.set("SRV", name, [srv(name, "a.test"), srv(name, "b.test")]);
    for (const host of ["a.test", "b.test"]) server.set("A", host, [a(host, "10.0.0.1")]);
    const orders = follow(server, { clock });
    await orders.untilIds("a.test:50051", "b.test:50051");
    server.failing = { how: "SERVFAIL", questions: / a\.test$/ };
    server.set("A", "b.test", [a("b.test", "10.0.0.2")]);
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.run(1_000);
    const changed = await orders.until(({ instances }) => instances[1]?.endpoints[0] === "grpc://10.0.0.2:50051");
    expect(changed).toMatchObject({ stale: false, instances: [{ endpoints: ["grpc://10.0.0.1:50051"] }, {}] });
  });

  test("where no host's addresses can be looked up, all is stale, though the records say who is there", async () => {
    const [server, clock] = [await startServer(), new ManualClock()];
    server.set("SRV", name, [srv(name, "a.test"), srv(name, "b.test")]);
    for (const host of ["a.test", "b.test"]) server.set("A", host, [a(host, "10.0.0.1")]);
    const events: RegistryEvent[] = [];
    const orders = follow(server, { clock, monitor: (event) => events.push(event) });
    const before = await orders.untilIds("a.test:50051", "b.test:50051");
    await eventually(() => expect(clock.pending).toBe(1));
    server.failing = { how: "SERVFAIL", questions: / [ab]\.test$/ };
    events.length = 0;
    await clock.run(1_000);
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    expect(events.map(({ type }) => type)).not.toContain("confirmed");
    server.failing = undefined;
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.run(1_000);
    await orders.until(({ stale }) => !stale);
  });

  test("as many as no datagram holds are asked for over TCP, and those that leave are forgotten", async () => {
    const [server, clock] = [await startServer(), new ManualClock()];
    const hosts = Array.from({ length: 200 }, (_, index) => `host-${1_000 + index}.test`);
    for (const host of hosts) server.set("A", host, [a(host, "10.0.0.1")]);
    server.set(
      "SRV",
      name,
      hosts.map((host) => srv(name, host)),
    );
    const orders = follow(server, { clock, family: 4 });
    await orders.until(({ instances }) => instances.length === 200);
    server.set(
      "SRV",
      name,
      hosts.slice(120).map((host) => srv(name, host)),
    );
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.run(1_000);
    await orders.until(({ instances }) => instances.length === 80 && instances[0]!.id === "host-1120.test:50051");
  });
});

describe("addresses", () => {
  test("each is an instance, of both families", async () => {
    const server = await startServer();
    server.set("A", "orders.test", [
      a("orders.test", "10.0.0.2"),
      a("orders.test", "10.0.0.1"),
      a("orders.test", "10.0.0.1"),
    ]);
    server.set("AAAA", "orders.test", [aaaa("orders.test", "fd00::1")]);
    expect(brief(await follow(server, { port: 7_000 }).until(({ instances }) => instances.length > 0))).toEqual([
      "10.0.0.1:7000 100 grpc://10.0.0.1:7000",
      "10.0.0.2:7000 100 grpc://10.0.0.2:7000",
      "[fd00::1]:7000 100 grpc://[fd00::1]:7000",
    ]);
    expect(new Set(server.questions)).toEqual(new Set(["A orders.test", "AAAA orders.test"]));
  });

  test("one family alone is looked up where it is asked for", async () => {
    const server = await startServer();
    server.set("AAAA", "orders.test", [aaaa("orders.test", "fd00::1")]);
    await follow(server, { port: 7_000, family: 6 }).untilIds("[fd00::1]:7000");
    expect(server.questions).toEqual(["AAAA orders.test"]);
  });

  test("a name server that fails on AAAA does not stand in the way of A", async () => {
    const server = await startServer();
    server.failing = { how: "REFUSED", questions: /^AAAA/ };
    server.set("A", "orders.test", [a("orders.test", "10.0.0.1")]);
    expect(await follow(server, { port: 7_000 }).untilIds("10.0.0.1:7000")).toMatchObject({ stale: false });
  });
});

describe("when it asks again", () => {
  test.each([
    ["as the shortest time to live says", [20, 7], 7_000],
    ["not before the shortest time, however short that is", [0, 20], 1_000],
    ["not after the longest time, however long that is", [3_600, 7_200], 30_000],
  ])("%s", async (_when, ttls, waitMs) => {
    const [server, clock] = [await startServer(), new ManualClock()];
    const records = ttls.map((ttl, index) => a("orders.test", `10.0.0.${index}`, ttl));
    server.set("A", "orders.test", records);
    const orders = follow(server, { clock, port: 7_000, family: 4 });
    await orders.until(({ instances }) => instances.length === 2);
    await eventually(() => expect(clock.nextMs).toBe(waitMs));
    expect(server.questions).toHaveLength(1);
    await clock.run(waitMs);
    await eventually(() => expect(server.questions).toHaveLength(2));
  });

  test("a little later for some than for others", async () => {
    const [server, clock] = [await startServer(), new ManualClock()];
    server.set("A", "orders.test", [a("orders.test", "10.0.0.1", 10)]);
    await follow(server, { clock, port: 7_000, family: 4, random: () => 0.5 }).untilIds("10.0.0.1:7000");
    await eventually(() => expect(clock.nextMs).toBe(10_500));
  });

  test("an answer in another order is no change", async () => {
    const [server, clock] = [await startServer(), new ManualClock()];
    const events: RegistryEvent[] = [];
    const records = [a("orders.test", "10.0.0.1"), a("orders.test", "10.0.0.2")];
    server.set("A", "orders.test", records);
    const orders = follow(server, { clock, port: 7_000, family: 4, monitor: (event) => events.push(event) });
    await orders.until(({ instances }) => instances.length === 2);
    server.set("A", "orders.test", records.toReversed());
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.run(1_000);
    await eventually(() => expect(events.filter(({ type }) => type === "confirmed")).toHaveLength(2));
    expect(events.filter(({ type }) => type === "changes")).toHaveLength(1);
  });
});

describe("nobody is lost", () => {
  test("that nobody is there is believed when it is said twice", async () => {
    const [server, clock] = [await startServer(), new ManualClock()];
    server.set("A", "orders.test", [a("orders.test", "10.0.0.1")]);
    const orders = follow(server, { clock, port: 7_000, family: 4 });
    await orders.untilIds("10.0.0.1:7000");
    server.set("A", "orders.test", []);
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.run(1_000);
    await eventually(() => expect(server.questions).toHaveLength(2));
    server.set("A", "orders.test", [a("orders.test", "10.0.0.1"), a("orders.test", "10.0.0.2")]);
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.run(1_000);
    await orders.until(({ instances }) => instances.length === 2);
    expect(orders.snapshots.map(({ instances }) => instances.length)).toEqual([1, 2]);
    server.set("A", "orders.test", []);
    for (let round = 0; round < 2; round++) {
      await eventually(() => expect(clock.pending).toBe(1));
      await clock.run(1_000);
    }
    expect(await orders.untilIds()).toMatchObject({ stale: false });
    await eventually(() => expect(clock.nextMs).toBe(5_000));
  });

  test.each(["SERVFAIL", "REFUSED", "silence"] as const)(
    "%s leaves what is known, stale; who is missing afterwards is believed in for ten seconds",
    async (how) => {
      const [server, clock] = [await startServer(), new ManualClock()];
      server.set("A", "orders.test", [a("orders.test", "10.0.0.1"), a("orders.test", "10.0.0.2")]);
      const orders = follow(server, { clock, port: 7_000, timeoutMs: 250, random: () => 0.5 });
      const before = await orders.untilIds("10.0.0.1:7000", "10.0.0.2:7000");
      server.failing = { how, questions: /./ };
      await eventually(() => expect(clock.pending).toBe(1));
      await clock.run(1_050);
      expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });

      server.failing = undefined;
      server.set("A", "orders.test", [a("orders.test", "10.0.0.2", 600)]);
      await eventually(() => expect(clock.pending).toBe(1));
      await clock.run(500);
      await eventually(() => expect(clock.pending).toBe(2));
      await clock.run(9_999);
      expect(orders.snapshots.at(-1)).toMatchObject({ stale: true, instances: [{}, {}] });
      await clock.run(1);
      expect(await orders.untilIds("10.0.0.2:7000")).toMatchObject({ stale: false });
    },
  );

  test("tries are further apart each time, and say once what is wrong", async () => {
    const [server, clock, logger] = [await startServer(), new ManualClock(), recordingLogger()];
    server.failing = { how: "SERVFAIL", questions: /./ };
    const orders = follow(server, { clock, logger, random: () => 0.999999 });
    const waits = () => logger.lines.flatMap(({ fields }) => fields["waitMs"] ?? []);
    for (let tries = 1; tries <= 7; tries++) {
      await eventually(() => expect(waits()).toHaveLength(tries));
      await clock.run(waits().at(-1) as number);
    }
    expect(waits().slice(0, 7)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(logger.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
    const said = (logger.lines[0]!.fields["err"] as Error).message;
    expect(said).toBe(`dns://${server.address}/test: the name servers do not answer (querySrv ESERVFAIL ${name})`);
    expect(orders.snapshots).toEqual([]);
  });

  test("a watch that is closed while its question is under way ends at once and leaves no timer", async () => {
    const [server, clock] = [await startServer(), new ManualClock()];
    server.failing = { how: "silence", questions: /./ };
    const orders = follow(server, { clock, timeoutMs: 60_000 });
    await eventually(() => expect(server.questions).toHaveLength(1));
    await orders.close();
    expect(clock.pending).toBe(0);
  });
});

describe("bad input", () => {
  test("list() says why there is no answer, and a closed registry that it is closed", async () => {
    const registry = dnsRegistry({ domain: "test" });
    await expect(registry.list()).rejects.toMatchObject({
      code: Code.UNIMPLEMENTED,
      message: "dns:///test: name servers do not say which names they know; ask for a service by its name",
    });
    await registry.close();
    await expect(registry.list()).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
  });

  test("a name that DNS cannot have is refused by name", async () => {
    const registry = dnsRegistry({ domain: "test" });
    cleanups.push(() => registry.close());
    for (const service of ["a".repeat(64), "orders..eu", "ördërs", "orders!", "a.".repeat(120)]) {
      expect(() => registry.watch(service, () => {})).toThrow(TypeError);
      expect(() => registry.watch(service, () => {})).toThrow(`service ${JSON.stringify(service)}`);
    }
  });

  test("an option that cannot be is refused by the factory, by name", () => {
    const wrong: [DnsRegistryOptions, RegExp][] = [
      [{ servers: ["ns.example"] }, /server is "ns\.example"; expected the address of a name server/],
      [{ servers: ["127.0.0.1:0"] }, /server is "127\.0\.0\.1:0"/],
      [{ servers: ["[::1]:65536"] }, /server is "\[::1\]:65536"/],
      [{ servers: ["127.0.0.1:99999"] }, /server is "127\.0\.0\.1:99999"/],
      [{ domain: "a b" }, /domain is "a b"/],
      [{ port: 0 }, /port is 0/],
      [{ port: 65_536 }, /port is 65536/],
      [{ port: 1, srv: "_x.{service}" }, /port and srv exclude each other/],
      [{ srv: "_grpc._tcp.orders" }, /\{service\} somewhere in it/],
      [{ family: 5 as 4 }, /family is 5/],
      [{ scheme: "://" }, /scheme is/],
      [{ minRefreshMs: 0 }, /minRefreshMs is 0/],
      [{ minRefreshMs: 60_000 }, /maxRefreshMs is 30000; it must be a whole number from 60000/],
      [{ timeoutMs: Number.NaN }, /timeoutMs is NaN/],
    ];
    for (const [options, message] of wrong) expect(() => dnsRegistry(options)).toThrow(message);
    const right = ["10.0.0.2", "127.0.0.1:5353", "::1", "[::1]", "[::1]:53"];
    expect(dnsRegistry({ servers: right, domain: "test" }).name).toBe(`dns://${right.join(",")}/test`);
  });
});
