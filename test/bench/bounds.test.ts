import { describe, expect, it } from "vitest";
import { type Bound, boundsTable } from "../../bench/src/bounds.js";
import type { Line } from "../../bench/src/line.js";

function line(subject: string, peer: string, opsPerS: number): Line {
  const figures = { ops_per_s: opsPerS, p50_ms: 1, p99_ms: 2, cpu_us_per_op: 10, ratio: Number.NaN };
  return { suite: "wire", case: "unary-100B-c64", subject, peer, figures };
}

const lines = [line("hawser/http2", "grpc-js", 60_000), line("grpc-js", "grpc-js", 5000)];
const throughput: Bound = { case: "unary-100B-c64", subject: "hawser/http2", of: "ops_per_s", atLeast: 12 };

describe("the table of bounds", () => {
  it("holds a figure against the peer's", () => {
    expect(boundsTable([{ ...throughput, against: "grpc-js" }], lines)).toMatch(/grpc-js +≥ 12 +12 +reached\n$/);
  });

  it("takes a figure as it is where there is no peer", () => {
    const bound: Bound = { case: "unary-100B-c64", subject: "hawser/http2", of: "p99_ms", atMost: 1.5 };
    expect(boundsTable([bound], lines)).toMatch(/≤ 1\.5 +2 +NOT REACHED\n$/);
  });

  it("says nothing of what nobody measured", () => {
    expect(boundsTable([{ ...throughput, against: "moleculer-tcp" }], lines)).toBe("");
    expect(boundsTable([{ ...throughput, case: "bidi-100B" }], lines)).toBe("");
  });
});
