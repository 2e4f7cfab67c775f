import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { environmentSource, fileSource, flagSource } from "../../src/config/config.js";
import { complaintsOf, shop } from "./support.js";

describe("the environment", () => {
  it("says keys by section, key and deeper keys, in words", () => {
    const env = {
      HAWSER_CONFIG_ORDERS__MAX_LINES: "5",
      HAWSER_CONFIG_SHARED__CURRENCY: "EUR",
      HAWSER_CONFIG_ORDER_BOOK__DATABASE__POOL_SIZE: "3",
      HAWSER_CONFIG_ORDER_BOOK__DATABASE__HOST_2: "b",
    };
    expect(environmentSource(env).sections).toEqual({
      orders: { maxLines: "5" },
      shared: { currency: "EUR" },
      "order-book": { database: { poolSize: "3", host2: "b" } },
    });
  });

  it("is not asked about variables that are empty, or others'", () => {
    const env = {
      HAWSER_CONFIG_ORDERS__A: "",
      HAWSER_CONFIG_X: "",
      HAWSER_CONFIG: "shop.yaml",
      HAWSER_ZONE: "a",
      B: undefined,
    };
    expect(environmentSource(env).sections).toEqual({});
  });

  it("names the variable that was there, or the one that should be", () => {
    const { where } = environmentSource({ HAWSER_CONFIG_ORDERS__HOST_2: "b" });
    expect(where(["orders", "host2"])).toBe("environment HAWSER_CONFIG_ORDERS__HOST_2");
    expect(where(["orders", "host3"])).toBe("environment HAWSER_CONFIG_ORDERS__HOST3");
    expect(where(["order-book", "maxLines"])).toBe("environment HAWSER_CONFIG_ORDER_BOOK__MAX_LINES");
    expect(where(["orders"])).toBeUndefined();
    expect(where(["orders", "max-lines"])).toBeUndefined();
  });

  it("has a variable for every camel-case key, which says that key again", () => {
    const key = fc.stringMatching(/^[a-z0-9][a-z0-9]{0,3}([A-Z][a-z0-9]{0,3}){0,3}$/);
    const section = fc.stringMatching(/^[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3}){0,3}$/);
    fc.assert(
      fc.property(section, fc.array(key, { minLength: 1, maxLength: 4 }), (name, keys) => {
        const variable = environmentSource({})
          .where([name, ...keys])
          ?.replace("environment ", "") as string;
        const { sections } = environmentSource({ [variable]: "x" });
        expect(sections).toEqual({ [name]: keys.reduceRight<unknown>((inner, each) => ({ [each]: inner }), "x") });
      }),
    );
  });

  it.each([
    "HAWSER_CONFIG_ORDERS",
    "HAWSER_CONFIG_ORDERS__",
    "HAWSER_CONFIG___MAX",
    "HAWSER_CONFIG_ORDERS__MAX___LINES",
    "HAWSER_CONFIG_ORDERS____PROTO__",
    "HAWSER_CONFIG_orders__maxLines",
  ])("refuses a variable that names no key: %s", async (name) => {
    expect(await complaintsOf(() => environmentSource({ [name]: "hunter2" }))).toEqual([
      `environment ${name}: expected HAWSER_CONFIG_<SECTION>__<KEY>, such as HAWSER_CONFIG_ORDERS__MAX_LINES`,
    ]);
  });

  it("refuses variables that contradict each other, all in one error", async () => {
    const env = {
      HAWSER_CONFIG_ORDERS__HOST2: "a",
      HAWSER_CONFIG_ORDERS__HOST_2: "b",
      HAWSER_CONFIG_ORDERS__DATABASE: "{}",
      HAWSER_CONFIG_ORDERS__DATABASE__HOST: "c",
      HAWSER_CONFIG_ORDERS__ZONE__NAME: "d",
      HAWSER_CONFIG_ORDERS__ZONE: "e",
    };
    const contradiction = (name: string, key: string) =>
      `environment HAWSER_CONFIG_ORDERS__${name}: another variable gives ${key} as a part or as the whole; keep one of them`;
    expect(await complaintsOf(() => environmentSource(env))).toEqual([
      contradiction("DATABASE__HOST", "orders.database.host"),
      "environment HAWSER_CONFIG_ORDERS__HOST_2: HAWSER_CONFIG_ORDERS__HOST2 is orders.host2 too; keep one of them",
      contradiction("ZONE__NAME", "orders.zone.name"),
    ]);
  });
});

describe("flags", () => {
  it("say keys by section, key and deeper keys; the last word counts", () => {
    expect(
      flagSource(["orders.maxLines=5", "orders.maxLines=6", "order-book.a.b=c=d", "shared.zone="]).sections,
    ).toEqual({
      orders: { maxLines: "6" },
      "order-book": { a: { b: "c=d" } },
      shared: { zone: "" },
    });
  });

  it.each([
    ["orders=5", "orders…"],
    ["orders.maxLines", '"orders.maxLines"'],
    ["", '""'],
    ["=5", "…"],
    [".a=5", ".a…"],
    ["orders.=5", "orders.…"],
    ["orders..a=5", "orders..a…"],
    ["orders.max lines=5", "orders.max…"],
    ["orders.__proto__.polluted=5", "orders.__proto__.polluted…"],
  ])("refuses one that names no key: %s", async (flag, named) => {
    expect(await complaintsOf(() => flagSource([flag]))).toEqual([
      `flag --set ${named}: expected section.key=value, such as orders.maxLines=5`,
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("refuses two of which one is a part of the other, whichever came first", async () => {
    const contradiction = (key: string) =>
      `flag --set ${key}: another flag gives ${key} as a part or as the whole; keep one of them`;
    expect(await complaintsOf(() => flagSource(["orders.a={}", "orders.a.b=5", "orders.c.d=1", "orders.c=2"]))).toEqual(
      [contradiction("orders.a.b"), contradiction("orders.c")],
    );
  });
});

describe("a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-config-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;
  /** Writes a file and answers its path. */
  function file(text: string, extension = "yaml"): string {
    files += 1;
    const path = join(folder, `shop-${files}.${extension}`);
    writeFileSync(path, text);
    return path;
  }

  it.each(["yaml", "yml"])("may be YAML, with anchors and merges: .%s", async (extension) => {
    const text =
      "shared: &all\n  zone: a # here\norders:\n  <<: *all\n  limits: { lines: 5, days: [mo, tu] }\ninventory:\n";
    const { sections, text: isText } = await fileSource(file(text, extension));
    expect(sections).toEqual({
      shared: { zone: "a" },
      orders: { zone: "a", limits: { lines: 5, days: ["mo", "tu"] } },
      inventory: {},
    });
    expect(isText).toBe(false);
  });

  it("may be JSON, indented as it likes", async () => {
    const sections = { orders: { maxLines: 5, note: "a: b", tags: ["a"], none: null } };
    for (const indent of [undefined, 2, "\t"]) {
      expect((await fileSource(file(JSON.stringify(sections, null, indent), "json"))).sections).toEqual(sections);
    }
  });

  it("may say nothing", async () => {
    for (const text of ["", "# later\n", "---\n"]) expect((await fileSource(file(text))).sections).toEqual({});
  });

  it("is named with the line of a key", async () => {
    const path = file("shared:\n  zone: a\n\norders:\n  database:\n    port: many\n");
    const schema = z.object({ database: z.object({ port: z.number(), host: z.string() }) });
    const source = await fileSource(path);
    expect(await complaintsOf(() => shop(source).section("orders", schema))).toEqual([
      `orders.database.port = "many" (file ${path}:6): Invalid input: expected number, received string; change it there`,
      `orders.database.host is missing: Invalid input: expected string, received undefined; say it in file ${path}`,
    ]);
  });

  it.each([
    ["a: 1\na: 2\n", ":2:1: Map keys must be unique"],
    ["orders:\n\tmaxLines: 5\n", ":2:1: Tabs are not allowed as indentation"],
    ["orders: [1,\n", ":2:1: Flow sequence in block collection must be sufficiently indented and end with a ]"],
    ["orders: !vault x\n", ":1:9: Unresolved tag: !vault"],
    ["a: {}\n---\nb: {}\n", ":2:1: Source contains multiple documents; please use YAML.parseAllDocuments()"],
    ["- orders\n", ": expected a mapping of sections, { shared: {…}, … }, was a list"],
    ["orders\n", ": expected a mapping of sections, { shared: {…}, … }, was a string"],
  ])("that is no mapping of sections is told, with line and column where it is no YAML: %j", async (text, reason) => {
    const path = file(text);
    expect(await complaintsOf(() => fileSource(path))).toEqual([`file ${path}${reason}`]);
  });

  it("is told of sections that are no mappings", async () => {
    const path = file("orders: 5\nshared: {}\ninventory:\n  - a\n");
    expect(await complaintsOf(() => fileSource(path))).toEqual([
      `orders (file ${path}:1): expected a mapping of keys, was a number`,
      `inventory (file ${path}:3): expected a mapping of keys, was a list`,
    ]);
  });

  it("is told of aliases that multiply beyond all measure", async () => {
    const rows = ["a0: &a0 [1]", ...[1, 2, 3].map((n) => `a${n}: &a${n} [${Array(10).fill(`*a${n - 1}`)}]`)];
    const path = file(`${rows.join("\n")}\n`);
    expect(await complaintsOf(() => fileSource(path))).toEqual([
      `file ${path}: Excessive alias count indicates a resource exhaustion attack`,
    ]);
  });

  it("that is not there, or cannot be read, is told by its name", async () => {
    const missing = join(folder, "nowhere.yaml");
    expect(await complaintsOf(() => fileSource(missing))).toEqual([`file ${missing}: there is no ${missing}`]);
    expect((await complaintsOf(() => fileSource("nowhere.yaml")))[0]).toBe(
      `file nowhere.yaml: there is no ${join(process.cwd(), "nowhere.yaml")}`,
    );
    const [line] = await complaintsOf(() => fileSource(`${file("")}/x.yaml`));
    expect(line).toContain("it cannot be read: ENOTDIR");
    expect(await complaintsOf(() => fileSource("shop.toml"))).toEqual([
      "file shop.toml: expected a name that ends in .yaml, .yml, .json",
    ]);
  });
});
