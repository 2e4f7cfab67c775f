import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Instance, RegistryEvent } from "../../src/contract/contract.js";
import type { Entry } from "../../src/registry/etcd/api.js";
import { etcdNamingLayout } from "../../src/registry/etcd/layouts/etcd-naming.js";
import { hawserLayout } from "../../src/registry/etcd/layouts/hawser.js";
import { Discovery } from "../../src/registry/etcd/watch/discovery.js";
import { instance } from "../conformance/registry.js";
import { recordingLogger } from "./recording-logger.js";

const keys = hawserLayout();
const key = (id: string) => `/hawser/instances/orders/${id}`;

/** What a discovery publishes of the values it is given. */
function discovery({ maxValueBytes = 65_536, layout = keys } = {}) {
  const logger = recordingLogger();
  const published: (readonly Instance[])[] = [];
  const events: RegistryEvent[] = [];
  const told: string[] = [];
  const feed = {
    service: "orders",
    publish: (instances: Iterable<Instance>) => published.push([...instances]),
    markStale: () => told.push("stale"),
    confirm: () => told.push("confirmed"),
  };
  const monitor = (event: RegistryEvent) => events.push(event);
  const made = new Discovery(feed, { keys: layout, maxValueBytes, logger, monitor });
  const sees = (entries: { readonly [id: string]: string | Buffer }, changes = 1) => {
    made.changed(new Map(Object.entries(entries).map(([id, value]) => [key(id), entry(value)])), changes);
    return published.at(-1)?.map(({ id }) => id);
  };
  return { discovery: made, logger, published, events, told, sees };
}

const good = (id: string, changes: object = {}) => JSON.stringify({ id, service: "orders", ...changes });
const entry = (value: string | Buffer): Entry => ({ value: Buffer.from(value as string), lease: "0" });
const entriesOf = (...ids: readonly string[]) => new Map(ids.map((id) => [key(id), entry(good(id))]));

afterEach(() => {
  // Whatever a test has read, nothing of it is in every object now.
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

describe("values under a service's keys", () => {
  test("that are no instance are left out and logged once, and the others are told", () => {
    const { sees, logger } = discovery();
    const broken = { a: good("a"), broken: "{", moved: good("elsewhere") };
    for (let round = 0; round < 3; round++) expect(sees(broken)).toEqual(["a"]);
    expect(logger.lines.map(({ level, fields }) => [level, fields["service"], fields["reason"]])).toEqual([
      ["warn", "orders", expect.stringMatching(`^${key("broken")}: .*JSON`)],
      ["warn", "orders", `${key("moved")}: it says that it belongs under ${key("elsewhere")}`],
    ]);
  });

  test("however many are no instance, and whatever is said of them, do not fill the log", () => {
    const { sees, logger } = discovery();
    const many = Array.from({ length: 1_000 }, (_, index) => [`bad-${index}`, good("x".repeat(10_000))]);
    sees(Object.fromEntries(many));
    expect(logger.lines).toHaveLength(11);
    expect(JSON.stringify(logger.lines).length).toBeLessThan(5_000);
  });

  test("of one id are one instance: that of the first key, whichever came first", () => {
    const { sees, published, logger } = discovery({ layout: etcdNamingLayout("/hawser/instances") });
    const at = (Addr: string) => JSON.stringify({ Op: 0, Addr });
    expect(sees({ "a/b": at("10.0.0.2:1"), c: at("10.0.0.3:1") })).toEqual(["a-b", "c"]);
    expect(sees({ "a/b": at("10.0.0.2:1"), c: at("10.0.0.3:1"), "a-b": at("10.0.0.1:1") })).toEqual(["a-b", "c"]);
    expect(published.at(-1)?.[0]?.endpoints).toEqual(["grpc://10.0.0.1:1"]);
    expect(logger.lines.map(({ fields }) => fields["reason"])).toEqual([
      `${key("a/b")}: "a-b" is under ${key("a-b")} too`,
    ]);
  });

  test("that are too long are left out, and not logged at length", () => {
    const { sees, logger } = discovery({ maxValueBytes: 1_000 });
    const long = good("long", { version: "x".repeat(1_000) });
    expect(sees({ long, short: good("short") })).toEqual(["short"]);
    expect(logger.lines[0]?.fields["reason"]).toMatch(/is \d+ bytes long; 1000 are allowed/);
  });

  test("that are not UTF-8 are left out, although what is not might be replaced", () => {
    const { sees } = discovery();
    const bytes = Buffer.from(good("bad", { version: "?" }));
    bytes[bytes.indexOf("?")] = 0xff;
    expect(sees({ bad: bytes, ok: good("ok") })).toEqual(["ok"]);
  });

  test("are parsed once, however often they are told", () => {
    const { sees, published } = discovery();
    sees({ a: good("a"), b: good("b") });
    sees({ a: good("a"), b: good("b", { weight: 7 }) });
    const [[a1, b1], [a2, b2]] = published as [Instance[], Instance[]];
    expect(a2).toBe(a1);
    expect(b2).not.toBe(b1);
  });

  test("of any kind are survived, change nothing elsewhere, and hide nobody", () => {
    const hostile: { readonly [id: string]: string } = {
      array: "[]",
      number: "7",
      nothing: "",
      nul: "null",
      text: '"orders"',
      deep: `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
      deeper: `${'{"metadata":'.repeat(5_000)}{}${"}".repeat(5_000)}`,
      proto: '{"__proto__":{"polluted":true},"id":"proto","service":"orders"}',
      "proto-in-metadata": good("proto-in-metadata").replace(/}$/, ',"metadata":{"__proto__":{"polluted":1},"a":"b"}}'),
      constructor: '{"constructor":{"prototype":{"polluted":true}},"id":"constructor","service":"orders"}',
      numbers: '{"id":7,"service":"orders","endpoints":[1,2]}',
      objects: '{"id":{"toString":1},"service":"orders"}',
      "no-list": '{"id":"no-list","service":"orders","endpoints":{"length":1e9},"contracts":"all"}',
      heavy: good("heavy", { weight: 1e308 }),
      negative: good("negative", { weight: -1 }),
      "no-date": good("no-date", { startedAt: "the day after tomorrow" }),
    };
    const { sees, published } = discovery();
    const told = sees({ ...hostile, ok: good("ok") });
    expect(told).toContain("ok");
    for (const each of published.at(-1) ?? []) {
      expect(Object.getPrototypeOf(each.metadata)).toBe(Object.prototype);
      expect(Object.values(each.metadata).every((value) => typeof value === "string")).toBe(true);
    }
  });

  test("with a thousand endpoints are instances like any other", () => {
    const { sees, published } = discovery();
    const endpoints = Array.from({ length: 1_000 }, (_, port) => `grpc://10.0.0.1:${port + 1}`);
    expect(sees({ many: good("many", { endpoints }) })).toEqual(["many"]);
    expect(published.at(-1)?.[0]?.endpoints).toEqual(endpoints);
  });

  test("whatever they are, never throw, and never hide an instance beside them", () => {
    const json = fc.json({ maxDepth: 8 });
    const fields = ["id", "service", "endpoints", "metadata", "weight", "state", "startedAt", "__proto__", "toString"];
    const object = fc
      .dictionary(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 4 }))
      .map((value) => JSON.stringify(value));
    const bytes = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
    const value: fc.Arbitrary<string | Buffer> = fc.oneof(json, object, bytes, fc.string());
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), (values) => {
        const { sees, logger } = discovery();
        const entries = Object.fromEntries(values.map((each, index) => [`bad-${index}`, each]));
        const told = sees({ ...entries, ok: good("ok") });
        expect(told).toContain("ok");
        expect(logger.lines.length + (told?.length ?? 0)).toBe(values.length + 1);
      }),
      { numRuns: 300 },
    );
  });

  test("an instance that was written is the instance that is read", () => {
    const text = fc.string({ maxLength: 20 });
    const written = fc.record({
      version: text,
      endpoints: fc.array(text),
      metadata: fc.dictionary(
        fc.string().filter((name) => name !== "__proto__"),
        text,
      ),
      weight: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      zone: text,
    });
    fc.assert(
      fc.property(written, (changes) => {
        const made = instance("orders-1", { ...changes, metadata: { ...changes.metadata } });
        const { discovery: orders, published } = discovery();
        orders.changed(new Map([[keys.of(made).toString(), entry(keys.encode(made))]]), 1);
        expect(published).toEqual([[made]]);
      }),
    );
  });
});

describe("what discovery tells", () => {
  test("its feed of an etcd that is away and of one that confirms, its monitor of changes and restarts", () => {
    const { discovery: orders, sees, told, events } = discovery();
    sees({ a: good("a"), b: good("b") }, 2);
    orders.away();
    orders.restarted();
    sees({ a: good("a"), b: good("b") }, 0);
    orders.confirmed();
    expect(told).toEqual(["stale", "confirmed"]);
    expect(events).toEqual([
      { type: "changes", service: "orders", count: 2 },
      { type: "watch-restart", service: "orders" },
    ]);
  });

  test("nobody is doubted where there was somebody, and only then", () => {
    const { discovery: orders } = discovery();
    expect(orders.doubts(new Map())).toBe(false);
    orders.changed(entriesOf("a", "b"), 2);
    expect(orders.doubts(entriesOf("b"))).toBe(false);
    expect(orders.doubts(new Map())).toBe(true);
    expect(orders.doubts(new Map([[key("a"), entry("garbage")]]))).toBe(true);
    orders.changed(new Map(), 1);
    expect(orders.doubts(new Map())).toBe(false);
  });
});
