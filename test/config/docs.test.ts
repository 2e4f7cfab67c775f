import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { environmentSource, fileSource, flagSource } from "../../src/config/config.js";
import { ordersConfig } from "./example.js";
import { complaintsOf } from "./support.js";

const page = readFileSync("docs/config.md", "utf8");
const block = (language: string): string => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(page)?.[1] as string;
const rows = page.split("\n").filter((line) => line.startsWith("| "));
const cells = (start: string): readonly string[] =>
  [...(rows.find((row) => row.startsWith(`| ${start}`)) as string).matchAll(/`([^`]*[=:{][^`]*)`/g)].map(
    ([, cell]) => cell as string,
  );

describe("docs/config.md", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hawser-config-"));
    writeFileSync(join(folder, "shop.yaml"), block("yaml"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("shows the example that is run here", () => {
    const example = readFileSync(new URL("./example.ts", import.meta.url), "utf8");
    expect(block("ts").replace('"hawser/config"', '"../../src/config/config.js"')).toBe(example);
  });

  it("shows an example that reads its file, variables and flags", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const env = { HAWSER_CONFIG_ORDERS__DATABASE__HOST: "db-2", HAWSER_CONFIG_ORDERS__MAX_LINE: "5" };
    expect(await ordersConfig(folder, env, ["orders.database.poolSize=9"])).toEqual({
      currency: "EUR",
      maxLines: 50,
      database: { host: "db-2", poolSize: 9 },
    });
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining("orders.maxLine (environment HAWSER_CONFIG_ORDERS__MAX_LINE)")],
    ]);
    warn.mockRestore();
  });

  it("shows messages as they are", async () => {
    writeFileSync(join(folder, "shop.yaml"), "shared: { currency: EUR }\norders: { database: { poolSize: 5 } }\n");
    const env = { HAWSER_CONFIG_ORDERS__MAX_LINES: "many" };
    const lines = await complaintsOf(() => ordersConfig(folder, env, []));
    expect(lines.map((line) => line.replace(`${folder}/`, ""))).toEqual(block("text").trim().split("\n"));
  });

  it("shows in its table how each source says the same", async () => {
    const files = cells("a file").map(async (text, index) => {
      const path = join(folder, `${index}.yaml`);
      writeFileSync(path, text);
      return (await fileSource(path)).sections;
    });
    const expected = (value: unknown) => [
      { orders: { maxLines: value } },
      { "order-book": { database: { poolSize: value } } },
    ];
    expect(await Promise.all(files)).toEqual(expected(5));
    const variables = cells("the environment").map((cell) => environmentSource(Object.fromEntries([cell.split("=")])));
    expect(variables.map(({ sections }) => sections)).toEqual(expected("5"));
    const flags = cells("a flag").map((cell) => flagSource([cell.replace("--set ", "")]));
    expect(flags.map(({ sections }) => sections)).toEqual(expected("5"));
  });
});
