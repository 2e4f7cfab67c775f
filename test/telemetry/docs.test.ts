import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Invoke } from "../../src/contract/contract.js";
import { Attribute, Metric, SpanEvent } from "../../src/telemetry/names.js";
import { callLogging, clientTelemetry, createLogger, serverTelemetry } from "../../src/telemetry/telemetry.js";
import { FakeCall, FakeHandlerCall, instance, methodOf, replyWith } from "./support/fake-call.js";
import { TestSdk } from "./support/sdk.js";

const page = readFileSync(new URL("../../docs/telemetry.md", import.meta.url), "utf8");

/** The names in the first column of the table whose first heading is the given one. */
function table(heading: string): string[] {
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  if (start < 0) throw new Error(`docs/telemetry.md has no table of ${heading}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? line);
}

let sdk: TestSdk;
beforeEach(() => {
  sdk = new TestSdk().register();
});
afterEach(() => sdk.close());

describe("docs/telemetry.md", () => {
  it("lists every attribute there is, and no other", () => {
    const listed = new Set([
      ...table("attribute"),
      ...table("attribute of `attempt`"),
      ...table("attribute of a registry"),
    ]);
    expect([...listed].sort()).toEqual(Object.values(Attribute).sort());
  });

  it("lists every metric there is, and no other", () => {
    expect(table("metric")).toEqual(Object.values(Metric));
  });

  it("lists our events, and the one that OpenTelemetry records", () => {
    expect(table("event")).toEqual([...Object.values(SpanEvent), "exception"]);
  });

  it("lists every field of the log of calls, and no other", async () => {
    const fields = new Set<string>();
    const destination = {
      write(line: string): void {
        for (const field of Object.keys(JSON.parse(line))) fields.add(field);
      },
    };
    const logging = callLogging({ logger: createLogger({ service: "orders", level: "debug", destination }) });
    const failing: Invoke = () => Promise.reject(new Error("stock is undefined"));
    const serve = serverTelemetry()(logging(failing));
    await expect(serve(new FakeHandlerCall({ method: methodOf("unary") }))).rejects.toThrow();
    const call = clientTelemetry().call(logging(async () => replyWith("pong")));
    await call(new FakeCall({ method: methodOf("unary"), attempt: 1, instance: instance("echo-1") }));

    const ofEveryLine = ["level", "time", "service"];
    expect([...fields].filter((field) => !ofEveryLine.includes(field)).sort()).toEqual(table("field").sort());
  });
});
