import { describe, expect, it } from "vitest";
import { percentile, report } from "../../../examples/shop/demo/report.js";
import { attempt, span } from "./spans.js";

const inventory = (name: string, instance: string, fate = "") => ({ service: "inventory", name, instance, fate });

describe("the table of the demo", () => {
  it("counts calls and errors as their callers saw them, and takes latencies from the instances", () => {
    const spans = [
      span({ kind: "client", attempts: [attempt("inventory-a")] }),
      span({ kind: "client", attempts: [attempt("inventory-a", "UNAVAILABLE"), attempt("inventory-b", "OK", 2)] }),
      span({ process: "inventory-a", durationMs: 4 }),
      span({ process: "inventory-b", durationMs: 12.34 }),
    ];
    const processes = [inventory("inventory-1", "inventory-a", "killed"), inventory("inventory-2", "inventory-b")];

    expect(report(processes, spans).split("\n")).toEqual([
      "service    instance     calls  errors      p50      p99",
      "inventory  inventory-a      2       1  4.00 ms  4.00 ms  killed",
      "inventory  inventory-b      1       0  12.3 ms  12.3 ms",
      "inventory-a: the latency of 1 call is not known, it was killed before it told",
    ]);
  });

  it("shows an instance that nobody called", () => {
    expect(report([inventory("inventory-1", "inventory-a")], []).split("\n")[1]).toMatch(/0 +0 +- +-$/);
  });
});

describe("a percentile", () => {
  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])("takes the nearest rank: %d of 1 to 100 is %d", (share, value) => {
    expect(
      percentile(
        Array.from({ length: 100 }, (_, index) => index + 1),
        share,
      ),
    ).toBe(value);
  });

  it("has none of nothing", () => {
    expect(percentile([], 0.5)).toBeUndefined();
  });
});
