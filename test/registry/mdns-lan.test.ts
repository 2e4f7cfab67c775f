import type { Answer, Packet } from "dns-packet";
import { encode } from "dns-packet";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Instance, RegistryEvent } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { loadMulticastDns } from "../../src/registry/mdns/link.js";
import { type MdnsRegistryOptions, mdnsRegistry } from "../../src/registry/mdns/mdns.js";
import { hostName, instanceName, subtypeName } from "../../src/registry/mdns/names.js";
import { allOf, recordsOf } from "../../src/registry/mdns/records.js";
import { fromTxt, toTxt } from "../../src/registry/mdns/txt.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";
import { Lan } from "../support/lan.js";
import { ManualClock } from "../support/manual-clock.js";
import { NappingClock } from "../support/napping-clock.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

/** All of this is over a LAN that is none: sockets of the test's own, and its own clock. */
let lan: Lan;
let clock: ManualClock;
let logger: ReturnType<typeof recordingLogger>;
const opened: Registry[] = [];

beforeEach(() => {
  lan = new Lan();
  clock = new ManualClock();
  logger = recordingLogger();
});

afterEach(async () => {
  for (const address of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) lan.plug(address);
  await Promise.all(opened.splice(0).map((each) => each.close()));
  expect(clock.pending).toBe(0);
  expect(lan.hosts.size).toBe(0);
});

function host(address: string, options: MdnsRegistryOptions = {}): Registry {
  const registry = mdnsRegistry({ socket: lan.host(address), clock, logger, random: () => 0.5, ...options });
  opened.push(registry);
  return registry;
}

function orders(id: string, changes: Partial<Instance> = {}): Instance {
  return instance(id, { endpoints: ["grpc://10.0.0.1:50051"], ...changes });
}

/** Lets the packets on the way arrive, and what they cause. */
async function turn(): Promise<void> {
  await clock.run(0);
}

/** What `from` has answered since, as `PTR name ttl`. */
function answersOf(from: string, since = 0): string[] {
  return lan.heard.slice(since).flatMap(({ from: who, packet }) => {
    if (who !== from || packet.type !== "response") return [];
    return (packet.answers ?? []).map((each) => `${each.type} ${each.name} ${"ttl" in each ? each.ttl : ""}`);
  });
}

function questions(): string[] {
  return lan.heard.flatMap(({ packet }) => (packet.questions ?? []).map(({ name, type }) => `${type} ${name}`));
}

function announced(made: Instance, changes: { ttl?: number } = {}): Packet {
  const answers = allOf(recordsOf(made, 10)).map((each) => ({ ...each, ...changes }) as Answer);
  return { type: "response", answers };
}

describe("mdns registry: announcing", () => {
  test("an instance is published as DNS-SD says, for whoever browses", async () => {
    const endpoints = ["grpc://10.0.0.7:50051", "grpc://[fd00::7]:50052", "grpc://orders.example:50053"];
    await host("10.0.0.1").register(orders("orders-1", { endpoints }));
    const { packet } = lan.heard[0]!;
    expect(packet.answers?.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "PTR _hawser._tcp.local",
      "PTR _orders._sub._hawser._tcp.local",
      "SRV orders-1._hawser._tcp.local",
      "TXT orders-1._hawser._tcp.local",
      "A orders-1.local",
      "AAAA orders-1.local",
    ]);
    const [type, subtype, srv, txt, a, aaaa] = packet.answers as { data: unknown; ttl: number; flush: boolean }[];
    expect([type?.data, subtype?.data]).toEqual(["orders-1._hawser._tcp.local", "orders-1._hawser._tcp.local"]);
    expect(srv?.data).toMatchObject({ target: "orders-1.local", port: 50051 });
    expect(String([txt?.data].flat()[0])).toBe("txtvers=1");
    expect([a?.data, aaaa?.data]).toEqual(["10.0.0.7", "fd00::7"]);
    expect(packet.answers?.map((each) => "ttl" in each && each.ttl)).toEqual([10, 10, 10, 10, 10, 10]);
    expect([type, subtype, srv, txt, a, aaaa].map((each) => each?.flush)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });

  test("it is said twice, then every third of the TTL, and taken back at the end", async () => {
    const registration = await host("10.0.0.1").register(orders("orders-1"));
    const start = clock.now();
    const at: number[] = [];
    for (let seen = lan.heard.length; clock.now() < start + 10_000; ) {
      await clock.run(clock.nextMs ?? 0);
      if (lan.heard.length > seen) at.push(Math.round(clock.now() - start));
      seen = lan.heard.length;
    }
    expect(at).toEqual([1_000, 4_333, 7_667, 11_000]);
    const since = lan.heard.length;
    await registration.close();
    expect(answersOf("10.0.0.1", since)).toEqual([
      "PTR _hawser._tcp.local 0",
      "PTR _orders._sub._hawser._tcp.local 0",
      "SRV orders-1._hawser._tcp.local 0",
      "TXT orders-1._hawser._tcp.local 0",
      "A orders-1.local 0",
    ]);
  });

  test("an update is said at once, and twice", async () => {
    const registration = await host("10.0.0.1").register(orders("orders-1"));
    await clock.run(2_000);
    const since = lan.heard.length;
    await registration.update(orders("orders-1", { state: "draining" }));
    expect(lan.heard).toHaveLength(since + 1);
    await clock.run(1_000);
    expect(lan.heard).toHaveLength(since + 2);
  });

  test("at an address of this machine alone, it warns once", async () => {
    const registry = host("10.0.0.1");
    await registry.register(orders("orders-1", { endpoints: ["grpc://127.0.0.1:1"] }));
    await registry.register(orders("orders-2", { endpoints: ["grpc://[::1]:1"] }));
    await registry.register(orders("orders-3", { endpoints: ["grpc://10.0.0.1:1"] }));
    expect(logger.lines).toEqual([
      {
        level: "warn",
        fields: { instance: "orders-1", endpoints: "grpc://127.0.0.1:1" },
        message: expect.stringContaining("only this machine can reach"),
      },
    ]);
  });

  test("contracts that do not fit are left out and logged; other things that do not fit are refused", async () => {
    const registry = host("10.0.0.1");
    const contracts = Array.from({ length: 100 }, (_, index) => `shop.v1.Contract${index}Service`);
    await registry.register(orders("orders-1", { contracts }));
    expect(logger.lines[0]?.message).toMatch(/\d+ of 100 contracts are not told/);
    const others = host("10.0.0.2");
    const seen = new Follower(others, "orders");
    await clock.run(500);
    const told = seen.snapshots[0]?.instances[0]?.contracts ?? [];
    expect(told.length).toBeGreaterThan(10);
    expect(told).toEqual(contracts.slice(0, told.length));
    const metadata = { essay: "x".repeat(2_000) };
    const refused = registry.register(orders("orders-2", { metadata }));
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.toThrow(/"orders-2": it takes \d+ bytes, and mDNS carries 1300/);
  });

  test("no message is longer than 1300 bytes, and what is in it can be read back", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 60 });
    const name = fc.stringMatching(/^[!-.0-~]{1,80}$/);
    const key = text.filter((each) => each !== "__proto__"); // which the JSON of messages does not carry
    fc.assert(
      fc.property(
        name,
        name,
        fc.dictionary(key, text),
        fc.array(text, { maxLength: 40 }),
        (id, service, metadata, contracts) => {
          const made = orders(id, { service, metadata, contracts });
          expect(fromTxt(toTxt(made))).toEqual(made);
          expect(toTxt(made).every((each) => each.length <= 255)).toBe(true);
          let answers: Answer[];
          try {
            answers = [...allOf(recordsOf(made, 10))];
          } catch (error) {
            expect((error as Error).message).toMatch(/it takes \d+ bytes/);
            return;
          }
          expect(encode({ type: "response", answers }).length).toBeLessThanOrEqual(1_300);
          for (const each of [instanceName(id), hostName(id), subtypeName(service)]) {
            for (const label of each.split(".")) expect(label).toMatch(/^[a-z0-9_-]{1,63}$/);
          }
        },
      ),
    );
  });

  test("ids that DNS could not tell apart have names of their own", () => {
    const ids = ["orders", "ORDERS", "or.ders", "or-ders", "or_ders", `${"o".repeat(80)}1`, `${"o".repeat(80)}2`];
    expect(new Set(ids.map((id) => instanceName(id).toLowerCase())).size).toBe(ids.length);
  });
});

describe("mdns registry: answering", () => {
  async function ask(
    question: string,
    type: "PTR" | "SRV" | "TXT" | "A" | "ANY",
    more: Partial<Packet> = {},
    port = 5353,
  ) {
    const since = lan.heard.length;
    lan.say("10.0.0.9", { type: "query", questions: [{ name: question, type: type as "PTR" }], ...more }, port);
    await turn();
    const atOnce = answersOf("10.0.0.1", since);
    await clock.run(120);
    return { atOnce, answers: answersOf("10.0.0.1", since), packets: lan.heard.slice(since + 1) };
  }

  beforeEach(async () => {
    await host("10.0.0.1").register(orders("orders-1"));
    await clock.run(1_000);
  });

  test("who asks for a type, a service, an instance or a host is told, after a moment, and told the rest along", async () => {
    const { atOnce, answers, packets } = await ask("_hawser._tcp.local", "PTR");
    expect([atOnce, answers]).toEqual([[], ["PTR _hawser._tcp.local 10"]]);
    expect(packets[0]?.packet.additionals?.map(({ type }) => type)).toEqual(["PTR", "SRV", "TXT", "A"]);
    expect((await ask("_ORDERS._sub._hawser._tcp.LOCAL", "PTR")).answers).toHaveLength(1);
    expect((await ask("orders-1._hawser._tcp.local", "SRV")).answers).toEqual(["SRV orders-1._hawser._tcp.local 10"]);
    expect((await ask("orders-1._hawser._tcp.local", "ANY")).answers).toHaveLength(2);
    expect((await ask("orders-1.local", "A")).answers).toEqual(["A orders-1.local 10"]);
    expect((await ask("_services._dns-sd._udp.local", "PTR")).answers).toEqual(["PTR _services._dns-sd._udp.local 10"]);
  });

  test("who asks for something else is not", async () => {
    for (const name of ["_http._tcp.local", "_inventory._sub._hawser._tcp.local", "orders-2._hawser._tcp.local"]) {
      expect((await ask(name, "PTR")).packets).toEqual([]);
    }
    expect((await ask("orders-1.local", "TXT")).packets).toEqual([]);
  });

  test("who knows already is not told again, unless what he knows is old", async () => {
    const known = (ttl: number): Partial<Packet> => ({
      answers: [{ type: "PTR", name: "_hawser._tcp.local", ttl, data: "orders-1._hawser._tcp.local" }],
    });
    expect((await ask("_hawser._tcp.local", "PTR", known(5))).answers).toEqual([]);
    expect((await ask("_hawser._tcp.local", "PTR", known(4))).answers).toHaveLength(1);
  });

  test("who asks from a port of his own is no speaker of mDNS, and answered as DNS does", async () => {
    const { atOnce, packets } = await ask("_hawser._tcp.local", "PTR", { id: 77 }, 40_000);
    expect(atOnce).toHaveLength(5);
    expect(packets[0]?.packet).toMatchObject({ id: 77, questions: [{ name: "_hawser._tcp.local" }] });
    expect(packets[0]?.packet.answers?.some((each) => "flush" in each && each.flush)).toBe(false);
  });

  test("who asks a thousand times at once is answered, but not a thousand times", async () => {
    const since = lan.heard.length;
    for (let times = 0; times < 1_000; times++) {
      lan.say("10.0.0.9", { type: "query", questions: [{ name: "_hawser._tcp.local", type: "PTR" }] });
    }
    await clock.run(120);
    expect(answersOf("10.0.0.1", since)).toHaveLength(64);
  });

  test("who has left does not answer", async () => {
    lan.say("10.0.0.9", { type: "query", questions: [{ name: "_hawser._tcp.local", type: "PTR" }] });
    await turn();
    const since = lan.heard.length;
    await opened[0]?.close();
    await clock.run(1_000);
    expect(answersOf("10.0.0.1", since).every((each) => each.endsWith(" 0"))).toBe(true);
  });
});

describe("mdns registry: watching", () => {
  test("who is there is told at once when the browsing is over, who comes later when it comes", async () => {
    await host("10.0.0.1").register(orders("orders-1"));
    const seen = new Follower(host("10.0.0.2"), "orders");
    await clock.run(499);
    expect(seen.snapshots).toEqual([]);
    await clock.run(1);
    expect(seen.snapshots).toEqual([{ service: "orders", instances: [orders("orders-1")], stale: false }]);
    const third = await host("10.0.0.3").register(orders("orders-3"));
    await turn();
    expect(seen.ids).toEqual(["orders-1", "orders-3"]);
    await third.close();
    await turn();
    expect(seen.ids).toEqual(["orders-1"]);
  });

  test("it asks ever more seldom, up to once a minute, and says what it knows", async () => {
    new Follower(host("10.0.0.2"), "orders");
    await turn();
    await host("10.0.0.1").register(orders("orders-1"));
    const at: number[] = [];
    const start = clock.now();
    for (let seen = questions().length; at.length < 9; ) {
      await clock.run(clock.nextMs ?? 0);
      const asked = questions();
      if (asked.length > seen) at.push(Math.round((clock.now() - start) / 1_000));
      seen = asked.length;
    }
    expect(at.map((each, index) => each - (at[index - 1] ?? 0)).slice(1)).toEqual([2, 4, 9, 17, 33, 63, 63, 63]);
    expect(lan.heard.findLast(({ packet }) => packet.type === "query")?.packet.answers).toMatchObject([
      { type: "PTR", name: "_orders._sub._hawser._tcp.local", data: "orders-1._hawser._tcp.local" },
    ]);
  });

  test("who falls silent is asked, and forgotten a TTL after he was last heard", async () => {
    const seen = new Follower(host("10.0.0.2"), "orders");
    await turn();
    lan.say("10.0.0.9", announced(orders("orders-1")));
    await clock.run(7_900);
    expect(questions()).not.toContain("TXT orders-1._hawser._tcp.local");
    await clock.run(200);
    expect(questions()).toContain("TXT orders-1._hawser._tcp.local");
    await clock.run(1_800);
    expect(seen.ids).toEqual(["orders-1"]);
    await clock.run(200);
    expect(seen.snapshots.at(-1)).toEqual({ service: "orders", instances: [], stale: false });
  });

  test("who answers in time stays", async () => {
    const seen = new Follower(host("10.0.0.2"), "orders");
    await turn();
    lan.say("10.0.0.9", announced(orders("orders-1")));
    for (let round = 0; round < 10; round++) {
      await clock.run(8_100);
      const { txt } = recordsOf(orders("orders-1"), 10);
      lan.say("10.0.0.9", { type: "response", answers: [txt as Answer] });
    }
    await turn();
    expect(seen.snapshots).toHaveLength(1);
  });

  test("a process that was stopped does not take the others for dead when it goes on", async () => {
    await host("10.0.0.1").register(orders("orders-1"));
    const stopped = new NappingClock();
    const seen = new Follower(host("10.0.0.2", { clock: stopped }), "orders");
    await turn();
    await clock.run(120); // for the answer
    await stopped.run(500);
    expect(seen.ids).toEqual(["orders-1"]);
    stopped.nap(3_600_000);
    await stopped.run(0); // for the question
    await clock.run(120);
    await stopped.run(5_000);
    expect(seen.snapshots).toHaveLength(1);
    await opened.pop()?.close();
  });

  test("who says only that he is there is asked who he is", async () => {
    new Follower(host("10.0.0.2"), "orders");
    await turn();
    const { type } = recordsOf(orders("orders-1"), 10);
    lan.say("10.0.0.9", { type: "response", answers: [type as Answer] });
    await turn();
    expect(questions()).toContain("TXT orders-1._hawser._tcp.local");
  });

  test("of however many one hears at once they are asked for together, and none of them twice within a second", async () => {
    new Follower(host("10.0.0.2"), "orders");
    await turn();
    const { type } = recordsOf(orders("orders-1"), 10);
    const answers = Array.from({ length: 100 }, (_, index) => ({
      ...type,
      data: instanceName(`orders-${"x".repeat(80)}-${index}`),
    }));
    const asking = () =>
      lan.heard.flatMap(({ packet }) => packet.questions?.filter(({ type }) => type === "TXT") ?? []);
    const messages = () => lan.heard.filter(({ packet }) => packet.questions?.some(({ type }) => type === "TXT"));
    for (let round = 0; round < 5; round++) lan.say("10.0.0.9", { type: "response", answers: answers as Answer[] });
    await turn();
    expect([messages().length, asking().length]).toEqual([1, 14]);
    await clock.run(800);
    lan.say("10.0.0.9", { type: "response", answers: answers.slice(14) as Answer[] });
    await clock.run(100);
    expect([messages().length, asking().length]).toEqual([8, 100]);
    expect(messages().every(({ packet }) => encode(packet).length <= 1_300)).toBe(true);
    for (const asked of [100, 101]) {
      lan.say("10.0.0.9", { type: "response", answers: answers.slice(0, 1) as Answer[] });
      await clock.run(100);
      expect(asking()).toHaveLength(asked);
    }
  });

  test("a list is of who answers, whatever the service", async () => {
    await host("10.0.0.1").register(orders("orders-1"));
    await host("10.0.0.2").register(orders("inventory-1", { service: "inventory", version: "2" }));
    const listing = host("10.0.0.3").list();
    await clock.run(500);
    expect(await listing).toEqual([
      { name: "inventory", versions: ["2"], instances: 1 },
      { name: "orders", versions: ["1.0.0"], instances: 1 },
    ]);
  });

  test("two with one id: the later to speak counts, and the log says so, once", async () => {
    const seen = new Follower(host("10.0.0.2"), "orders");
    await turn();
    const restarted = orders("orders-1", { startedAt: new Date(7), weight: 7 });
    lan.say("10.0.0.8", announced(orders("orders-1")));
    lan.say("10.0.0.9", announced(restarted));
    await clock.run(500);
    expect(seen.snapshots.at(-1)?.instances).toEqual([restarted]);
    lan.say("10.0.0.8", announced(orders("orders-1")));
    await turn();
    expect(seen.snapshots.at(-1)?.instances).toEqual([orders("orders-1")]);
    expect(logger.lines.map(({ message }) => message)).toEqual([expect.stringContaining("have the same id")]);
  });

  test("who has left here does not come back by an echo of what it said before, but may start anew elsewhere", async () => {
    const registry = host("10.0.0.1");
    const seen = new Follower(registry, "orders");
    const registration = await registry.register(orders("orders-1"));
    await clock.run(500);
    await registration.close();
    await turn();
    lan.say("10.0.0.1", announced(orders("orders-1")));
    await clock.run(1_000);
    expect(seen.ids).toEqual([]);
    lan.say("10.0.0.9", announced(orders("orders-1", { startedAt: new Date(7) })));
    await turn();
    expect(seen.ids).toEqual(["orders-1"]);
  });

  test("a neighbour whose id was our own too, for a while, is seen again when ours has left", async () => {
    await host("10.0.0.1").register(orders("orders-1"));
    const registry = host("10.0.0.2");
    const seen = new Follower(registry, "orders");
    await clock.run(4_000);
    const own = orders("orders-1", { weight: 7, startedAt: new Date(7) });
    const registration = await registry.register(own);
    await turn();
    expect(seen.snapshots.at(-1)?.instances).toEqual([own]);
    lan.unplug("10.0.0.2");
    await clock.run(1_000);
    await registration.close(); // unheard
    lan.plug("10.0.0.2");
    await clock.run(60_000);
    expect(seen.snapshots.at(-1)).toEqual({ service: "orders", instances: [orders("orders-1")], stale: false });
  });

  test("who leaves takes out itself, and not the process that was started under its id before it left", async () => {
    const seen = new Follower(host("10.0.0.2"), "orders");
    await turn();
    const [old, next] = [orders("orders-1"), orders("orders-1", { startedAt: new Date(7) })];
    lan.say("10.0.0.9", announced(old));
    lan.say("10.0.0.9", announced(next));
    await clock.run(500);
    lan.say("10.0.0.9", announced(old, { ttl: 0 }));
    await turn();
    expect(seen.snapshots.map(({ instances }) => instances)).toEqual([[next]]);
    lan.say("10.0.0.9", announced(next, { ttl: 0 }));
    await turn();
    expect(seen.ids).toEqual([]);
  });

  test("whoever hears that its own instance is gone says that it is not, once a second at most", async () => {
    const registry = host("10.0.0.1");
    const own = orders("orders-1", { startedAt: new Date(7) });
    await registry.register(own);
    const seen = new Follower(host("10.0.0.2"), "orders");
    await clock.run(2_000);
    lan.say("10.0.0.9", announced(orders("orders-1")));
    await turn();
    expect(seen.snapshots.at(-1)?.instances).toEqual([orders("orders-1")]);
    const since = lan.heard.length;
    lan.say("10.0.0.9", announced(orders("orders-1"), { ttl: 0 }));
    await turn();
    expect(seen.snapshots.at(-1)?.instances).toEqual([own]);
    for (let round = 0; round < 10; round++) lan.say("10.0.0.9", announced(orders("orders-1"), { ttl: 0 }));
    await clock.run(999);
    const said = () => answersOf("10.0.0.1", since).filter((each) => each.startsWith("TXT"));
    expect(said()).toHaveLength(1);
    await clock.run(1);
    expect(said()).toHaveLength(2);
  });

  test("who says goodbye without saying who it is takes out the name", async () => {
    const seen = new Follower(host("10.0.0.2"), "orders");
    await turn();
    lan.say("10.0.0.9", announced(orders("orders-1")));
    await clock.run(500);
    const { type } = recordsOf(orders("orders-1"), 10);
    lan.say("10.0.0.9", { type: "response", answers: [{ ...type, ttl: 0 } as Answer] });
    await turn();
    expect(seen.ids).toEqual([]);
  });

  test("somebody else with our own id is told of, and does not take our place here", async () => {
    const registry = host("10.0.0.1");
    await registry.register(orders("orders-1"));
    const seen = new Follower(registry, "orders");
    await clock.run(500);
    lan.say("10.0.0.9", announced(orders("orders-1", { startedAt: new Date(7), weight: 7 })));
    await turn();
    expect(seen.snapshots).toHaveLength(1);
    expect(logger.lines).toHaveLength(1);
  });
});

describe("mdns registry: what others say", () => {
  test("what makes no sense is left out and logged once; the others live", async () => {
    const seen = new Follower(host("10.0.0.2"), "orders");
    await turn();
    const txt = (id: string, ...strings: string[]): Packet => ({
      type: "response",
      answers: [{ type: "TXT", name: `${id}._hawser._tcp.local`, ttl: 10, data: strings }],
    });
    const hostile = [
      txt("a", "i0={"),
      txt("b", "txtvers=1"),
      txt("c", 'i0={"id":"another","service":"orders"}'),
      txt("d", 'i0={"id":"d","service":"a/b"}'),
      txt("e", "i0=null"),
      txt("f", 'i1={"id":"f","service":"orders"}'),
      txt("g", ""),
    ];
    for (let round = 0; round < 3; round++) for (const packet of hostile) lan.say("10.0.0.9", packet);
    lan.say("10.0.0.9", txt("ok", 'i0={"id":"ok","service":"orders","metadata":{"__proto__":"x"}}'));
    lan.say("10.0.0.9", {
      type: "response",
      answers: [{ type: "TXT", name: "printer._ipp._tcp.local", data: ["i0={"] }],
    });
    lan.carry(encode({ type: "query" }).subarray(0, 12), "10.0.0.9", 5353);
    await clock.run(500);
    expect(seen.ids).toEqual(["ok"]);
    expect(logger.lines.filter(({ level }) => level === "warn")).toHaveLength(hostile.length);
    expect({}).not.toHaveProperty("x");
  });

  test("what goes on making no sense is told again an hour later, and no more than a hundred things an hour", async () => {
    new Follower(host("10.0.0.2"), "orders");
    await turn();
    const complain = async (names: number): Promise<number> => {
      const before = logger.lines.length;
      for (let name = 0; name < names; name++) {
        const broken: Answer = { type: "TXT", name: `o${name}._hawser._tcp.local`, ttl: 10, data: ["i0={"] };
        lan.say("10.0.0.9", { type: "response", answers: [broken] });
      }
      await turn();
      return logger.lines.length - before;
    };
    expect([await complain(1), await complain(1), await complain(500)]).toEqual([1, 0, 99]);
    await clock.run(3_600_000);
    expect(await complain(1)).toBe(1);
  });

  test("random records do no harm", async () => {
    const seen = new Follower(host("10.0.0.2"), "orders");
    await clock.run(500);
    const strings = fc.array(fc.oneof(fc.string({ maxLength: 30 }), fc.constant('i0={"id":"x","service":"orders"}')), {
      maxLength: 4,
    });
    const name = fc.constantFrom(
      "x._hawser._tcp.local",
      "_hawser._tcp.local",
      "._hawser._tcp.local",
      "a._sub._hawser._tcp.local",
    );
    await fc.assert(
      fc.asyncProperty(strings, name, fc.nat({ max: 10 }), fc.boolean(), async (data, record, ttl, pointer) => {
        const answer: Answer = pointer
          ? { type: "PTR", name: "_hawser._tcp.local", ttl, data: record }
          : { type: "TXT", name: record, ttl, data };
        lan.say("10.0.0.9", { type: "response", answers: [answer] });
        await Promise.resolve();
      }),
    );
    lan.say("10.0.0.9", announced(orders("orders-1")));
    await turn();
    expect(seen.ids).toContain("orders-1");
  });
});

describe("mdns registry: the network goes away", () => {
  test("registering says why it cannot, and does it as soon as it can where nobody waits", async () => {
    lan.unplug("10.0.0.1");
    const registry = host("10.0.0.1");
    const refused = expect(registry.register(orders("orders-1"), { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(
        /^mdns:: "orders-1" could not be registered within 1000 ms .*ENODEV.*is there a network/,
      ),
    });
    await clock.run(1_000);
    await refused;
    const registration = await registry.register(orders("orders-2"), { wait: false });
    await clock.run(60_000);
    expect(registration.state).toBe("registering");
    lan.plug("10.0.0.1");
    await clock.run(5_000);
    expect(registration.state).toBe("registered");
    await expect(registry.register(orders("orders-1"))).resolves.toMatchObject({ state: "registered" });
  });

  test("the last known set stays, stale, however long it takes, and who is still there is not lost when it is back", async () => {
    const events: RegistryEvent[] = [];
    const registry = host("10.0.0.2", { monitor: (event) => events.push(event) });
    const seen = new Follower(registry, "orders");
    await host("10.0.0.1").register(orders("orders-1"));
    await host("10.0.0.3").register(orders("orders-3"));
    await clock.run(1_000);
    lan.unplug("10.0.0.2");
    await clock.run(600_000);
    expect(seen.snapshots.at(-1)).toMatchObject({ stale: true });
    expect(seen.ids).toEqual(["orders-1", "orders-3"]);
    await expect(registry.list()).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/mdns:: services could not be listed/),
    });
    await opened[2]?.close(); // unheard
    lan.plug("10.0.0.2");
    await clock.run(60_000);
    expect(seen.snapshots.at(-1)).toMatchObject({ stale: false });
    expect(seen.ids).toEqual(["orders-1"]);
    expect(seen.snapshots.every(({ instances }) => instances.some(({ id }) => id === "orders-1"))).toBe(true);
    expect(events.some(({ type }) => type === "watch-restart")).toBe(true);
  });

  test("what is done here while it is away makes nothing fresh", async () => {
    const registry = host("10.0.0.2");
    const seen = new Follower(registry, "orders");
    const own = await registry.register(orders("orders-2", { state: "draining" }));
    await host("10.0.0.1").register(orders("orders-1"));
    await clock.run(1_000);
    const told = seen.snapshots.length;
    lan.unplug("10.0.0.2");
    await clock.run(30_000);
    await own.close();
    await clock.run(30_000);
    expect(seen.snapshots.slice(told).map(({ stale }) => stale)).toEqual([true]);
    expect(seen.ids).toContain("orders-1");
  });

  test("a registration is lost while nothing can be sent, and registered again by itself", async () => {
    const registration = await host("10.0.0.1").register(orders("orders-1"));
    const states: string[] = [];
    registration.onState((state) => states.push(state));
    await clock.run(2_000);
    lan.unplug("10.0.0.1");
    await clock.run(10_000);
    await expect(registration.update(orders("orders-1", { weight: 7 }))).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
    });
    lan.plug("10.0.0.1");
    await clock.run(10_000);
    expect(states).toEqual(["lost", "registered"]);
    const seen = new Follower(host("10.0.0.2"), "orders");
    await clock.run(500);
    expect(seen.snapshots[0]?.instances[0]?.weight).toBe(7);
  });
});

describe("mdns registry: bad input", () => {
  test.each<[MdnsRegistryOptions, RegExp]>([
    [{ ttlMs: 999 }, /ttlMs is 999; it must be 1000 to/],
    [{ ttlMs: Number.NaN }, /ttlMs is NaN/],
    [{ browseMs: -1 }, /browseMs is -1/],
    [{ browseMs: 1e12 }, /browseMs is 1000000000000; it must be 0 to 60000/],
    [{ port: 0 }, /port is 0/],
    [{ ip: "10.0.0.1" }, /ip is "10.0.0.1"; it must be an IPv4 multicast group/],
    [{ ip: 5 as never }, /ip is 5; it must be an IPv4 multicast group/],
    [{ interface: "eth0" }, /interface is "eth0"; it must be the IPv4 address/],
  ])("%j is refused at once", (options, message) => {
    expect(() => mdnsRegistry(options)).toThrow(message);
  });

  test("a package that is not there is named, with what to type", async () => {
    const missing = loadMulticastDns(() => Promise.reject(new Error("Cannot find package")));
    await expect(missing).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
      message: expect.stringContaining("npm install multicast-dns"),
    });
  });
});
