import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const page = readFileSync("docs/testing.md", "utf8");
const tested = readFileSync("test/testing/shop.test.ts", "utf8");
const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code as string);

describe("docs/testing.md", () => {
  it.each(blocks.map((code) => [code.split("\n", 1)[0] as string, code]))("shows code that is run: %s", (_, code) => {
    expect(tested).toContain(code.replace('"../app.js"', '"../../examples/shop/app.js"'));
  });

  it("shows every kind of fault in its table", () => {
    const kinds = ["delayMs", "error", 'drop: "request"', 'drop: "response"', "duplicate", "afterMessages"];
    expect(kinds.filter((kind) => !new RegExp(`^\\| \`[^|]*${kind}`, "m").test(page))).toEqual([]);
  });
});
