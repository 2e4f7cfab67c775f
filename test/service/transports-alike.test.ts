import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { TransportName } from "../../src/service/service.js";
import { apart, type Day } from "../parity/modes.js";
import type { SpanTree } from "../parity/observed.js";

const names: readonly TransportName[] = ["http2", "grpc-js"];
const days = new Map<TransportName, Day>();

/** The same day with the same services, each by itself: only the wire between them is another. */
beforeAll(async () => {
  for (const name of names) {
    vi.stubEnv("HAWSER_TRANSPORT", name);
    const mode = await apart();
    try {
      days.set(name, await mode.day());
    } finally {
      await mode.close();
    }
  }
});
afterAll(() => vi.unstubAllEnvs());

describe("an app whose services are called over http2", () => {
  const http2 = (): Day => days.get("http2") as Day;
  const grpcJs = (): Day => days.get("grpc-js") as Day;

  it("gives the answers, codes, texts, details and metadata that it gives over grpc-js", () => {
    expect(comparable(http2().transcript)).toEqual(comparable(grpcJs().transcript));
  });

  it("leaves the same traces", () => {
    expect(inOrder(alike(http2().traces))).toEqual(inOrder(alike(grpcJs().traces)));
  });

  it("measures the same calls, in the same series", () => {
    expect(http2().metrics.length).toBeGreaterThan(0);
    expect(http2().metrics).toEqual(grpcJs().metrics);
  });
});

/** But for what `docs/wire.md` says is different. */
function comparable(transcript: Day["transcript"]): unknown {
  return JSON.parse(JSON.stringify(alike(transcript)), (key, each) => {
    if (each?.code === "DEADLINE_EXCEEDED") return { ...each, remote: "either" };
    return key === "x-trailer" ? each.join(", ") : each;
  });
}

/** Whose server it is that refuses a large message: ours names the method, too. */
function alike<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll(/[\w./]+: (?=TOO LARGE|Received message larger than max)/g, ""));
}

function inOrder(trees: readonly SpanTree[]): readonly SpanTree[] {
  const inner = trees.map((tree) => ({ ...tree, children: inOrder(tree.children) }));
  return inner.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
