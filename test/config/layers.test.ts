import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createConfig, environmentSource, flagSource, type Section, valueSource } from "../../src/config/config.js";
import { complaintsOf, shop } from "./support.js";

const anything = z.record(z.string(), z.unknown());

describe("a section", () => {
  it("is what the last source said of each key", async () => {
    const config = shop(
      valueSource("file", { orders: { folder: "/from/file", maxLines: 1, currency: "EUR" } }),
      environmentSource({ HAWSER_CONFIG_ORDERS__FOLDER: "/from/env", HAWSER_CONFIG_ORDERS__MAX_LINES: "2" }),
      flagSource(["orders.maxLines=3"]),
    );
    const schema = z.object({ folder: z.string(), maxLines: z.number(), currency: z.string() });
    expect(await config.section("orders", schema)).toEqual({ folder: "/from/env", maxLines: 3, currency: "EUR" });
  });

  it("stands over the shared one, whichever source said that", async () => {
    const config = shop(
      valueSource("file", { shared: { currency: "EUR", zone: "a" }, orders: { currency: "USD" } }),
      flagSource(["shared.currency=GBP"]),
    );
    expect(await config.section("orders", anything)).toEqual({ currency: "USD", zone: "a" });
    expect(await config.section("inventory", anything)).toEqual({ currency: "GBP", zone: "a" });
  });

  it("has its objects merged deeply, and its arrays and scalars replaced", async () => {
    const config = shop(
      valueSource("file", {
        shared: { database: { host: "db-1", pool: { min: 1, max: 5 } } },
        orders: { tags: ["a", "b"], limit: { lines: 5 }, mode: "strict" },
      }),
      valueSource("more", { orders: { database: { pool: { max: 9 } }, tags: ["c"], limit: 7, mode: { name: "lax" } } }),
    );
    expect(await config.section("orders", anything)).toEqual({
      database: { host: "db-1", pool: { min: 1, max: 9 } },
      tags: ["c"],
      limit: 7,
      mode: { name: "lax" },
    });
  });

  it("gets the defaults of its schema where nobody said anything", async () => {
    expect(await shop().section("orders", z.object({ maxLines: z.number().default(10) }))).toEqual({ maxLines: 10 });
  });

  it("is an object with nothing in it for a service without a schema", async () => {
    const config = shop(valueSource("file", { shared: { zone: "a" } }));
    expect(await config.section("orders")).toEqual({});
    expect(config.unused()).toEqual([]);
  });

  it("is a copy: what one service does to it, no other sees", async () => {
    const config = shop(valueSource("file", { shared: { hosts: ["a"], database: { host: "a" } } }));
    const schema = z.object({ hosts: z.any(), database: z.any() });
    const first = await config.section("orders", schema);
    first.hosts.push("b");
    first.database.host = "b";
    expect(await config.section("inventory", schema)).toEqual({ hosts: ["a"], database: { host: "a" } });
  });

  it("hands on what is no data as it is", async () => {
    const clock = new (class Clock {
      readonly now = 5;
    })();
    const config = shop(valueSource("a test", { orders: { clock } }));
    expect((await config.section("orders", z.object({ clock: z.any() }))).clock).toBe(clock);
  });
});

describe("layers", () => {
  const key = fc.constantFrom("a", "b", "c", "constructor", "toString");
  const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer(), { maxLength: 2 }));
  const { section } = fc.letrec<{ section: Section; value: unknown }>((tie) => ({
    section: fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    value: fc.oneof({ depthSize: "small" }, scalar, tie("section")),
  }));
  const read = (...layers: readonly Section[]) =>
    shop(...layers.map((orders) => valueSource("code", { orders }))).section("orders", z.any());

  it("keep all of the upper one, and of the lower one whatever the upper does not say", async () => {
    await fc.assert(
      fc.asyncProperty(section, section, async (lower, upper) => {
        const expectOver = (merged: Section, below: Section, above: Section): void => {
          expect(new Set(Object.keys(merged))).toEqual(new Set([...Object.keys(below), ...Object.keys(above)]));
          for (const name of Object.keys(merged)) {
            const [all, under, over] = [merged, below, above].map((each) =>
              Object.hasOwn(each, name) ? each[name] : undefined,
            );
            if (isObject(under) && isObject(over)) expectOver(all as Section, under, over);
            else expect(all).toEqual(Object.hasOwn(above, name) ? over : under);
          }
        };
        expectOver(await read(lower, upper), lower, upper);
      }),
    );
  });

  it("are put over each other one by one, in their order", async () => {
    await fc.assert(
      fc.asyncProperty(section, section, section, async (a, b, c) => {
        expect(await read(await read(a, b), c)).toEqual(await read(a, b, c));
      }),
    );
  });

  it("change nothing where they say nothing, or the same again", async () => {
    await fc.assert(
      fc.asyncProperty(section, async (a) => {
        expect(await read({}, a, {})).toEqual(a);
        expect(await read(a, a)).toEqual(a);
      }),
    );
  });
});

function isObject(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

describe("what is said wrong", () => {
  it("is told of a section nobody has, with those there are", async () => {
    const read = () =>
      shop(
        valueSource("code", { ordres: { maxLines: 5 } }),
        environmentSource({ HAWSER_CONFIG_STOCK__MAX: "5" }),
        flagSource(["oders.maxLines=5"]),
      );
    const known = "there is no such section; there are shared, orders, inventory, order-book";
    expect(await complaintsOf(read)).toEqual([
      `ordres (code): ${known}`,
      `stock (environment HAWSER_CONFIG_STOCK__MAX): ${known}`,
      `oders (flag --set oders.maxLines): ${known}`,
    ]);
  });

  it("is told of a key that would set a prototype, at any depth", async () => {
    const polluting = JSON.parse('{"orders":{"a":[{"__proto__":{"polluted":true}}]}}');
    expect(await complaintsOf(() => shop(valueSource("code", polluting)))).toEqual([
      "orders.a.0.__proto__ (code): no key may have this name; remove it",
    ]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("does no harm under the names of what every object has", async () => {
    const config = shop(
      valueSource("code", { orders: { constructor: { prototype: { polluted: true } }, toString: "text" } }),
      flagSource(["orders.constructor.prototype.polluted=1", "orders.hasOwnProperty=2"]),
    );
    expect(await config.section("orders", z.any())).toEqual({
      constructor: { prototype: { polluted: "1" } },
      toString: "text",
      hasOwnProperty: "2",
    });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("is told of an object that contains itself", async () => {
    const database: { [key: string]: unknown } = {};
    database["self"] = { database };
    expect(await complaintsOf(() => shop(valueSource("code", { orders: { database } })))).toEqual([
      "orders.database.self.database (code): it contains itself; write it out",
    ]);
  });

  it("is told of a service that would be called shared", () => {
    expect(() => shop()).not.toThrow();
    expect(() => createConfig({ sources: [], sections: ["orders", "shared"] })).toThrow(
      'sections: "shared" is what all of them see; choose another name',
    );
  });

  it("is told of a section that was never announced, and of a schema that is none", async () => {
    await expect(shop().section("shared")).rejects.toThrow(RangeError);
    await expect(shop().section("ordres")).rejects.toThrow(
      'section "ordres": expected one of orders, inventory, order-book',
    );
    await expect(shop().section("orders", { maxLines: 5 } as never)).rejects.toThrow(
      "orders: expected a Standard Schema (zod 4, valibot, arktype) for its configuration",
    );
  });
});

describe("keys that nobody reads", () => {
  const schema = z.object({
    maxLines: z.number(),
    database: z.object({ host: z.string() }),
    note: z.string().optional(),
  });

  it("are told where a section says them for itself, at any depth", async () => {
    const config = shop(
      valueSource("code", { orders: { maxLine: 4, database: { host: "a", prot: 5 } } }),
      environmentSource({ HAWSER_CONFIG_ORDERS__NOTES: "a" }),
      flagSource(["orders.maxLines=3"]),
    );
    await config.section("orders", schema);
    expect(config.unused().map(({ text }) => text)).toEqual([
      "orders.maxLine (code): nothing reads it; correct the name or remove it",
      "orders.database.prot (code): nothing reads it; correct the name or remove it",
      "orders.notes (environment HAWSER_CONFIG_ORDERS__NOTES): nothing reads it; correct the name or remove it",
    ]);
    expect(config.unused()[0]).toMatchObject({ key: "orders.maxLine", source: "code" });
  });

  it("are told of an object that came as a JSON text", async () => {
    const config = shop(flagSource(['orders.database={"host":"a","prot":5}', "orders.maxLines=1"]));
    await config.section("orders", schema);
    expect(config.unused().map(({ key }) => key)).toEqual(["orders.database.prot"]);
  });

  it("are told of a service that takes no configuration", async () => {
    const config = shop(flagSource(["orders.maxLines=3"]));
    await config.section("orders");
    expect(config.unused().map(({ key }) => key)).toEqual(["orders.maxLines"]);
  });

  it("are nobody's business in the shared section, nor before their section was asked for", async () => {
    const config = shop(
      valueSource("code", { shared: { zone: "a", database: { host: "a", port: 5 } }, orders: { a: 1 } }),
    );
    expect(config.unused()).toEqual([]);
    await config.section("inventory", z.object({ database: z.object({ host: z.string() }) }));
    expect(config.unused()).toEqual([]);
  });

  it("are told once, however often the section is asked for", async () => {
    const config = shop(flagSource(["orders.maxLine=3"]));
    for (const _ of [1, 2]) await config.section("orders", z.object({}));
    expect(config.unused()).toHaveLength(1);
  });

  it("cannot be known where the schema makes something else of the section", async () => {
    const config = shop(flagSource(["orders.url=http://a"]));
    const schema = z.object({ url: z.string() }).transform(({ url }) => new URL(url));
    expect((await config.section("orders", schema)).host).toBe("a");
    expect(config.unused()).toEqual([]);
  });
});
