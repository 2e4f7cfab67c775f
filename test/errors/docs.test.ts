import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as errors from "../../src/errors/errors.js";
import { checkSku, explain } from "./example.js";

const { BadRequest, Code, codeName, detail, RetryInfo, RpcError } = errors;

const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

/** The rows of the table whose head begins so, cell by cell. */
function table(head: string): string[][] {
  const rows = page.slice(page.indexOf(`\n${head}`) + 1).split("\n\n")[0] as string;
  return rows
    .split("\n")
    .slice(2)
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const codes = table("| code |");

/** google/rpc/code.proto, "HTTP Mapping". */
const http: Readonly<Record<errors.CodeName, number>> = {
  OK: 200,
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  UNAUTHENTICATED: 401,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
};

describe("docs/errors.md", () => {
  test("lists every code and no other, under its name and number, in order", () => {
    const documented = codes.map(([name, number]) => [name, Number(number)]);
    expect(documented).toEqual(Object.entries(Code).map(([name, number]) => [`\`${name}\``, number]));
  });

  test("says of every code what it means, who throws it, and whether it is retried", () => {
    for (const row of codes) {
      expect(row).toHaveLength(6);
      for (const cell of row) expect(cell).not.toBe("");
    }
  });

  test("gives the HTTP status that google.rpc documents", () => {
    for (const row of codes) expect(Number(row[5]), row[0]).toBe(http[codeName(Number(row[1]) as errors.Code)]);
  });

  test("lists every detail that comes along and no other", () => {
    const exported = Object.entries(errors).filter(([, value]) => "$type" in (value as object));
    const documented = table("| detail |").map(([name]) => name?.replaceAll("`", ""));
    expect(documented.sort()).toEqual(exported.map(([name]) => name).sort());
  });

  test("shows an example that is the one run here", () => {
    const example = readFileSync(new URL("./example.ts", import.meta.url), "utf8");
    const shown = /```ts\n(.*?)```/s.exec(page)?.[1];
    expect(shown?.replace('"hawser/errors"', '"../../src/errors/errors.js"')).toBe(example);
  });
});

describe("the example of docs/errors.md", () => {
  test("names the field that is wrong", async () => {
    expect(() => checkSku("rope-12")).not.toThrow();
    expect(() => checkSku("")).toThrow("sku is empty");
    expect(await explain(Promise.resolve().then(() => checkSku("")))).toBe("please mend sku");
  });

  test("reads how long to wait, or says what went wrong", async () => {
    const later = detail(RetryInfo, { retryDelay: { seconds: 3n } });
    const busy = new RpcError(Code.UNAVAILABLE, "busy", { details: [later] });
    expect(await explain(Promise.reject(busy))).toBe("again in 3 s");
    expect(await explain(Promise.reject(new RpcError(Code.NOT_FOUND, "no order 17")))).toBe("NOT_FOUND: no order 17");
    expect(await explain(Promise.resolve())).toBe("well");
    await expect(explain(Promise.reject(new TypeError("a bug")))).rejects.toThrow("a bug");
    const violation = detail(BadRequest, { fieldViolations: [] });
    const vague = new RpcError(Code.INVALID_ARGUMENT, "no", { details: [violation] });
    expect(await explain(Promise.reject(vague))).toBe("INVALID_ARGUMENT: no");
  });
});
