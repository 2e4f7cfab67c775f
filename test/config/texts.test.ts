import { isDeepStrictEqual } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { environmentSource, flagSource, valueSource } from "../../src/config/config.js";
import { complaintsOf, shop } from "./support.js";

/** What `orders.value` becomes where a flag says the text. */
async function read(text: string, schema: z.ZodType): Promise<unknown> {
  const config = await shop(flagSource([`orders.value=${text}`])).section("orders", z.object({ value: schema }));
  return config.value;
}

/** How often a schema is asked. */
function counted<S extends StandardSchemaV1>(
  schema: S,
): { readonly schema: StandardSchemaV1; readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const { version, vendor, validate } = schema["~standard"];
  const counting: StandardSchemaV1 = {
    "~standard": {
      version,
      vendor,
      validate: (value) => {
        asked.push(value);
        return validate(value);
      },
    },
  };
  return { schema: counting, asked };
}

describe("a text", () => {
  it.each<[string, z.ZodType, unknown]>([
    ["0123", z.string(), "0123"],
    ["5", z.string(), "5"],
    ["true", z.string(), "true"],
    ['{"a":1}', z.string(), '{"a":1}'],
    ["", z.string(), ""],
    ["5", z.coerce.number(), 5],
    ["a=b", z.string(), "a=b"],
    ["5", z.union([z.string(), z.number()]), "5"],
  ])("stays as it is where the schema takes it: %s", async (text, schema, value) => {
    expect(await read(text, schema)).toEqual(value);
  });

  it.each<[string, z.ZodType, unknown]>([
    ["5", z.number(), 5],
    ["-0.5e1", z.number(), -5],
    ["false", z.boolean(), false],
    ["null", z.null(), null],
    ["[1,2]", z.array(z.number()), [1, 2]],
    ['{"a":1}', z.object({ a: z.number() }), { a: 1 }],
    ['"5"', z.literal("5"), "5"],
    ["5", z.union([z.boolean(), z.number()]), 5],
    ["[5]", z.union([z.number(), z.array(z.number())]), [5]],
    ["5", z.number().optional(), 5],
  ])("is read as JSON where it does not: %s", async (text, schema, value) => {
    expect(await read(text, schema)).toEqual(value);
  });

  it("is read as the number or the string that the schema wants, whichever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })), async (number) => {
        expect(await read(`${number}`, z.number())).toBe(number === 0 ? 0 : number);
        expect(await read(`${number}`, z.string())).toBe(`${number}`);
      }),
    );
  });

  it("is read as whatever JSON says, where the schema takes nothing else", async () => {
    const values = fc.jsonValue().filter((value) => typeof value !== "string");
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes("__proto__"));
        const said: unknown = JSON.parse(text); // JSON knows no -0
        const only = z.custom((each) => isDeepStrictEqual(each, said));
        expect(await read(text, only)).toEqual(said);
      }),
    );
  });

  it("may lie deep in an object, beside what a file says", async () => {
    const config = shop(
      valueSource("file", { orders: { database: { host: "a", pool: { min: 1 } } } }),
      environmentSource({
        HAWSER_CONFIG_ORDERS__DATABASE__POOL__MAX: "5",
        HAWSER_CONFIG_ORDERS__DATABASE__TLS: "true",
      }),
    );
    const pool = z.object({ min: z.number(), max: z.number() });
    const schema = z.object({ database: z.object({ host: z.string(), pool, tls: z.boolean() }) });
    expect(await config.section("orders", schema)).toEqual({
      database: { host: "a", pool: { min: 1, max: 5 }, tls: true },
    });
  });

  it("replaces what stood there as a whole, an object too", async () => {
    const config = shop(
      valueSource("file", { orders: { database: { host: "a", port: 1 } } }),
      flagSource(['orders.database={"port":2}']),
    );
    const schema = z.object({ database: z.object({ host: z.string().default("b"), port: z.number() }) });
    expect(await config.section("orders", schema)).toEqual({ database: { host: "b", port: 2 } });
  });

  it("is read as JSON in a union that complains as a whole, where that helps", async () => {
    const limit = z.union([z.object({ lines: z.number() }), z.object({ bytes: z.number() })]);
    const config = shop(flagSource(["orders.limit.lines=5", "orders.code=0123"]));
    const schema = z.object({ limit, code: z.string() });
    expect(await config.section("orders", schema)).toEqual({ limit: { lines: 5 }, code: "0123" });
    const whole = z.union([z.object({ kind: z.literal("a") }), z.object({ max: z.number() })]);
    expect(await shop(flagSource(["orders.max=5"])).section("orders", whole)).toEqual({ max: 5 });
  });

  it("stays a text beside a complaint about the whole section that has nothing to do with it", async () => {
    const config = shop(flagSource(["orders.code=0123", "orders.id=5", "orders.max=5", "orders.typo=1"]));
    const schema = z.strictObject({ code: z.string(), id: z.string(), max: z.number() });
    expect(await complaintsOf(() => config.section("orders", schema))).toEqual([
      'orders (flags): Unrecognized key: "typo"; change it there',
    ]);
    const ordered = z.object({ id: z.string(), min: z.number().default(9), max: z.number() });
    const inOrder = ordered.refine(({ min, max }) => min <= max, "min is above max");
    expect(
      await complaintsOf(() => shop(flagSource(["orders.id=5", "orders.max=5"])).section("orders", inOrder)),
    ).toEqual(["orders (flags): min is above max; change it there"]);
  });

  it("is read where a schema tells of one thing at a time", async () => {
    const one: StandardSchemaV1<unknown, { a: number; b: number }> = {
      "~standard": {
        version: 1,
        vendor: "a test",
        validate: (value) => {
          const all = value as { a: unknown; b: unknown };
          const wrong = (["a", "b"] as const).find((key) => typeof all[key] !== "number");
          if (wrong === undefined) return { value: value as { a: number; b: number } };
          return { issues: [{ message: "no number", path: [{ key: wrong }] }] };
        },
      },
    };
    expect(await shop(flagSource(["orders.a=1", "orders.b=2"])).section("orders", one)).toEqual({ a: 1, b: 2 });
  });

  it("is never read where a source gives values", async () => {
    const config = shop(valueSource("file", { orders: { maxLines: "5" } }));
    expect(await complaintsOf(() => config.section("orders", z.object({ maxLines: z.number() })))).toEqual([
      'orders.maxLines = "5" (file): Invalid input: expected number, received string; change it there',
    ]);
  });

  it("costs a second question only where the first was not enough", async () => {
    const plain = counted(z.object({ name: z.string() }));
    await shop(flagSource(["orders.name=5"])).section("orders", plain.schema);
    expect(plain.asked).toEqual([{ name: "5" }]);
    const numbers = counted(z.object({ a: z.number(), b: z.number() }));
    await shop(flagSource(["orders.a=5", "orders.b=6"])).section("orders", numbers.schema);
    expect(numbers.asked).toEqual([
      { a: "5", b: "6" },
      { a: 5, b: 6 },
    ]);
  });

  it("sets no prototype as JSON either", async () => {
    const polluting = '{"a":{"__proto__":{"polluted":true}}}';
    const [line] = await complaintsOf(() => read(polluting, z.object({ a: z.unknown() })));
    expect(line).toContain("orders.value = «a text that is no JSON» (flag --set orders.value)");
  });
});

describe("an asynchronous schema", () => {
  const known = z.string().refine(async (name) => Promise.resolve(name === "teapot"), "no such article");

  it("is waited for", async () => {
    expect(await read("teapot", known)).toBe("teapot");
    expect(await complaintsOf(() => read("anchor", known))).toEqual([
      'orders.value = "anchor" (flag --set orders.value): no such article; change it there',
    ]);
  });
});

describe("a schema that throws", () => {
  it("is told by the name of its section", async () => {
    const broken = z.string().transform(() => {
      throw new Error("a bug");
    });
    await expect(read("5", broken)).rejects.toThrow("orders: its schema threw instead of answering: Error: a bug");
  });
});
