import { describe, expect, test } from "vitest";
import { LeftOut } from "../../src/registry/left-out.js";
import { recordingLogger } from "./recording-logger.js";

function setup() {
  const logger = recordingLogger();
  const leftOut = new LeftOut(logger, { service: "orders" });
  /** What is logged of these. */
  const report = (...reasons: readonly string[]) => {
    const before = logger.lines.length;
    leftOut.report(reasons);
    return logger.lines.slice(before).map(({ fields }) => fields["reason"] ?? fields["more"]);
  };
  return { logger, report };
}

describe("what makes no sense", () => {
  test("is logged once, with its service, for as long as it stays so", () => {
    const { logger, report } = setup();
    expect(report("a: no port")).toEqual(["a: no port"]);
    expect(report("a: no port", "b: no id")).toEqual(["b: no id"]);
    expect(report("b: no id")).toEqual([]);
    expect(report("a: no port", "b: no id")).toEqual(["a: no port"]);
    expect(logger.lines[0]).toEqual({
      level: "warn",
      fields: { service: "orders", reason: "a: no port" },
      message: "left out of the registry",
    });
  });

  test("is named up to ten times, and counted after that", () => {
    const { report } = setup();
    const reasons = Array.from({ length: 12 }, (_, index) => `${index}: no port`);
    expect(report(...reasons)).toEqual([...reasons.slice(0, 10), 2]);
    expect(report(...reasons, "one more")).toEqual(["one more"]);
  });

  test("is cut where it is long", () => {
    const { report } = setup();
    expect(report("x".repeat(5_000_000))).toEqual([`${"x".repeat(200)}…`]);
  });
});
