import { describe, expect, it } from "vitest";
import { conclusion, judge, type Look } from "../../bench/src/soak/verdict.js";

const million = 1_000_000;

/** Eleven looks over five million calls. */
function looks(serverHeap: (millions: number) => number, handles: (millions: number) => number = () => 3): Look[] {
  return Array.from({ length: 11 }, (_, at) => {
    const sample = { heap: 50 * million, external: 2 * million, rss: 150 * million, handles: 3 };
    const millions = 5 + at / 2;
    const server = { ...sample, heap: serverHeap(millions), handles: handles(millions) };
    return { calls: millions * million, ms: 8000, client: sample, server };
  });
}

function growing(given: readonly Look[]): string[] {
  return judge(given).flatMap(({ name, grows }) => (grows ? [name] : []));
}

describe("the verdict of a soak", () => {
  it("is that nothing grows where a heap only breathes", () => {
    expect(growing(looks((millions) => 50 * million + 400_000 * Math.sin(millions * 7)))).toEqual([]);
  });

  it("names a byte that every tenth call leaves behind", () => {
    expect(growing(looks((millions) => 50 * million + millions * 100_000))).toEqual(["server_heap_kb_per_million"]);
  });

  it("says how much that is by a million calls", () => {
    const verdict = judge(looks((millions) => 50 * million + millions * 100_000));
    expect(verdict.find(({ grows }) => grows)?.perMillion).toBeCloseTo(100);
  });

  it("sees a slow leak under a heap that breathes", () => {
    const breathing = (millions: number): number => 300_000 * Math.sin(millions * 7);
    expect(growing(looks((millions) => millions * 400_000 + breathing(millions)))).toEqual([
      "server_heap_kb_per_million",
    ]);
  });

  it("names handles that nobody closes", () => {
    expect(
      growing(
        looks(
          () => 50 * million,
          (millions) => 3 + Math.floor(millions * 2),
        ),
      ),
    ).toEqual(["server_handles_per_million"]);
  });

  it("ends with what is flat, and how small a leak would have been seen", () => {
    expect(conclusion(10 * million, judge(looks(() => 50 * million)))).toBe(
      "soak: flat after 10,000,000 calls; a leak of 0.051 bytes a call would have been seen",
    );
  });

  it("claims to have seen no leak that a heap which breathes would hide", () => {
    const verdicts = judge(looks((millions) => 50 * million + 400_000 * Math.sin(millions * 7)));
    const seen = Number(/a leak of ([\d.]+) bytes/.exec(conclusion(10 * million, verdicts))?.[1]);
    expect(seen).toBeGreaterThan(0.1);
  });

  it("ends with the names of all that grows", () => {
    const given = looks(
      (millions) => 50 * million + millions * 100_000,
      (millions) => 3 + Math.floor(millions * 2),
    );
    expect(conclusion(10 * million, judge(given))).toBe(
      "soak: NOT FLAT after 10,000,000 calls: server_heap_kb_per_million, server_handles_per_million",
    );
  });
});
