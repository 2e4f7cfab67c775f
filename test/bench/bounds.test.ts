import { describe, expect, it } from "vitest";
import { type Bound, boundsTable, findingsOf } from "../../bench/src/bounds.js";
import type { Line } from "../../bench/src/line.js";

function line(subject: string, peer: string, opsPerS: number): Line {
  const figures = { ops_per_s: opsPerS, p50_ms: 1, p99_ms: 2, cpu_us_per_op: 10, ratio: Number.NaN };
  return { suite: "wire", case: "unary-100B-c64", subject, peer, figures };
}

const lines = [line("hawser/http2", "grpc-js", 60_000), line("grpc-js", "grpc-js", 5000)];
const throughput: Bound = { case: "unary-100B-c64", subject: "hawser/http2", of: "ops_per_s", atLeast: 12 };

function table(...bounds: Bound[]): string {
  return boundsTable(findingsOf(bounds, lines));
}

describe("the table of bounds", () => {
  it("holds a figure against the peer's", () => {
    expect(table({ ...throughput, against: "grpc-js" })).toMatch(/grpc-js +≥ 12 +12 +reached\n$/);
  });

  it("takes a figure as it is where there is no peer", () => {
    const bound: Bound = { case: "unary-100B-c64", subject: "hawser/http2", of: "p99_ms", atMost: 1.5 };
    expect(table(bound)).toMatch(/≤ 1\.5 +2 +NOT REACHED\n$/);
  });

  it("says so of a bound whose figure, or whose peer's, nobody measured", () => {
    expect(table({ ...throughput, case: "bidi-100B" })).toMatch(/≥ 12 +NOT MEASURED\n$/);
    expect(table({ ...throughput, against: "moleculer-tcp" })).toMatch(/≥ 12 +NOT MEASURED\n$/);
    expect(table({ ...throughput, of: "ratio" })).toMatch(/≥ 12 +NOT MEASURED\n$/);
  });

  it("sets a figure that has nothing to reach beside the others", () => {
    expect(table({ case: "unary-100B-c64", subject: "grpc-js", of: "p50_ms" })).toMatch(/ 1 +for comparison\n$/);
  });
});
