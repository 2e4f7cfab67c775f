import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError, environmentSource, flagSource, valueSource } from "../../src/config/config.js";
import { complaintsOf, shop } from "./support.js";

/** A schema that quotes what it does not like, as ArkType does. */
function quoting(...path: readonly string[]): StandardSchemaV1 {
  return {
    "~standard": {
      version: 1,
      vendor: "a test",
      validate: (value) => {
        const wrong = path.reduce<unknown>((inner, key) => (inner as { [key: string]: unknown })[key], value);
        return { issues: [{ path, message: `must be shorter (was ${JSON.stringify(wrong)})` }] };
      },
    },
  };
}

describe("a message", () => {
  it("says of every issue the key, the value, who said it, what the schema says and the way out", async () => {
    const config = shop(
      valueSource("file shop.yaml", { shared: { currency: 5 }, orders: { tags: ["a", 5] } }),
      environmentSource({ HAWSER_CONFIG_ORDERS__MAX_LINES: "many" }),
      flagSource(["orders.mode=loose"]),
    );
    const schema = z.object({
      currency: z.string(),
      tags: z.array(z.string()),
      maxLines: z.number(),
      mode: z.enum(["strict", "lax"]),
      folder: z.string(),
    });
    expect(await complaintsOf(() => config.section("orders", schema))).toEqual([
      "shared.currency = 5 (file shop.yaml): Invalid input: expected string, received number; change it there",
      "orders.tags.1 = 5 (file shop.yaml): Invalid input: expected string, received number; change it there",
      'orders.maxLines = "many" (environment HAWSER_CONFIG_ORDERS__MAX_LINES): Invalid input: expected number, received string; change it there',
      'orders.mode = "loose" (flag --set orders.mode): Invalid option: expected one of "strict"|"lax"; change it there',
      "orders.folder is missing: Invalid input: expected string, received undefined; say it in file shop.yaml or environment HAWSER_CONFIG_ORDERS__FOLDER or flag --set orders.folder",
    ]);
  });

  it("has its parts in the error too", async () => {
    const failure = shop(flagSource(["orders.max=a"])).section(
      "orders",
      z.object({ max: z.number(), min: z.number() }),
    );
    const error = await failure.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      name: "ConfigError",
      issues: [
        { key: "orders.max", source: "flag --set orders.max" },
        { key: "orders.min", source: undefined },
      ],
    });
  });

  it("tells both readings of a text where neither fits", async () => {
    const config = shop(flagSource(["orders.max=0", "orders.code=5", "orders.mode=5"]));
    const schema = z.object({
      max: z.number().min(1),
      code: z.string().min(3),
      mode: z.union([z.literal("a"), z.literal(1)]),
    });
    expect(await complaintsOf(() => config.section("orders", schema))).toEqual([
      'orders.max = "0" (flag --set orders.max): Invalid input: expected number, received string; as JSON: Too small: expected number to be >=1; change it there',
      'orders.code = "5" (flag --set orders.code): Too small: expected string to have >=3 characters; as JSON: Invalid input: expected string, received number; change it there',
      'orders.mode = "5" (flag --set orders.mode): Invalid input; change it there',
    ]);
  });

  it("leads from inside a JSON text to where the text is", async () => {
    const config = shop(flagSource(['orders.database={"port":"x"}']));
    const schema = z.object({ database: z.object({ port: z.number() }) });
    expect(await complaintsOf(() => config.section("orders", schema))).toEqual([
      'orders.database.port = "x" (flag --set orders.database): Invalid input: expected number, received string; change it there',
    ]);
  });

  it("says who had a part in an object that does not fit", async () => {
    const config = shop(
      valueSource("file shop.yaml", { orders: { limit: { lines: 5 } } }),
      flagSource(["orders.limit.bytes=many"]),
    );
    expect(await complaintsOf(() => config.section("orders", z.object({ limit: z.number() })))).toEqual([
      'orders.limit = {"lines":5,"bytes":"many"} (file shop.yaml, flags): Invalid input: expected number, received object; change it there',
    ]);
    expect(await complaintsOf(() => shop().section("orders", z.string() as never))).toEqual([
      "orders (nothing was said): Invalid input: expected string, received object; change it there",
    ]);
  });

  it("names no variable for a key that no variable can name", async () => {
    const config = shop(environmentSource({}));
    const schema = z.object({ "pool-size": z.number(), pool_size: z.number(), poolURL: z.string() });
    const lines = await complaintsOf(() => config.section("orders", schema));
    expect(lines.map((line) => line.split("; ")[1])).toEqual([
      "no source can say it",
      "no source can say it",
      "say it in environment HAWSER_CONFIG_ORDERS__POOL_U_R_L",
    ]);
  });

  it("stays on one line and of a readable length", async () => {
    const config = shop(valueSource("code", { orders: { list: ["x".repeat(1000)], note: "a\nb" } }));
    const schema = z.object({ list: z.number(), note: z.number("a\n number") });
    const [list, note] = await complaintsOf(() => config.section("orders", schema));
    expect(list).toContain(`${"x".repeat(98)}… (code)`);
    expect(note).toBe('orders.note = "a\\nb" (code): a number; change it there');
  });
});

describe("a secret", () => {
  const wrong = z.object({}).catchall(z.literal("right"));

  it.each(["password", "dbPassword", "apiKey", "client_secret", "accessToken", "credentials", "PASSWD"])(
    "stays out of the message: %s",
    async (key) => {
      const config = shop(valueSource("code", { orders: { [key]: "hunter2" } }));
      const [line] = await complaintsOf(() => config.section("orders", wrong));
      expect(line).toMatch(`orders.${key} = «hidden» (code): `);
      expect(line).not.toContain("hunter2");
    },
  );

  it("stays out of it deep in an object, in a list, in a JSON text, in a URL and in a connection string", async () => {
    const config = shop(
      valueSource("code", { orders: { database: { host: "a", passwords: ["hunter2", 12345678] } } }),
      flagSource([
        'orders.cache={"host":"a","token":"hunter2"}',
        'orders.queue={"token":"hunter2"',
        "orders.url=postgres://ada:hun/ter2@db/orders",
        "orders.dsn=host=db password=hunter2 user=ada",
      ]),
    );
    expect(await complaintsOf(() => config.section("orders", wrong))).toEqual([
      expect.stringContaining('orders.database = {"host":"a","passwords":[«hidden»,«hidden»]} (code): '),
      expect.stringContaining('orders.cache = {"host":"a","token":«hidden»} (flag --set orders.cache): '),
      expect.stringContaining("orders.queue = «a text that is no JSON» (flag --set orders.queue): "),
      expect.stringContaining('orders.url = "postgres://…@db/orders" (flag --set orders.url): '),
      expect.stringContaining('orders.dsn = "host=db password=… user=ada" (flag --set orders.dsn): '),
    ]);
  });

  it.each<[string, readonly string[]]>([
    ["its value", ["database", "password"]],
    ["the object it lies in", ["database"]],
    ["the whole section", []],
    ["a JSON text", ["cache"]],
    ["a URL", ["url"]],
  ])("stays out of it where the schema quotes %s", async (_what, path) => {
    const config = shop(
      valueSource("code", { orders: { database: { password: 'hun"ter2' }, url: "redis://:hunter3@cache" } }),
      flagSource(['orders.cache={"token":"hunter4"}']),
    );
    const [line] = await complaintsOf(() => config.section("orders", quoting(...path)));
    expect(line).toContain("must be shorter (was ");
    expect(line).not.toMatch(/hun|ter\d/);
  });

  it("stays out of it where its flag is malformed", async () => {
    const read = () => flagSource(["password=hunter2", "orders.password hunter2"]);
    expect((await complaintsOf(read)).join()).not.toContain("hunter2");
  });
});
