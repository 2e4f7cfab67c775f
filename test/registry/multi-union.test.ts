import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Union } from "../../src/registry/multi/union.js";
import type { Snapshot } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";

/** What a registry says: `A` is who is heavy, `a` the same id and lighter. */
function says(letters: string, stale = false): Snapshot {
  const instances = [...letters].map((letter) =>
    instance(letter.toLowerCase(), { weight: letter === letter.toLowerCase() ? 1 : 2 }),
  );
  return { service: "orders", instances, stale };
}

function union(...heard: readonly (readonly [index: number, snapshot: Snapshot])[]): string {
  const joined = new Union(2);
  for (const [index, snapshot] of heard) joined.hear(index, snapshot);
  return lettersOf(joined);
}

function lettersOf(joined: Union): string {
  const letters = joined.instances().map(({ id, weight }) => (weight === 1 ? id : id.toUpperCase()));
  return letters.toSorted().join("") + (joined.stale ? "?" : "");
}

describe("the union of what registries say", () => {
  test("has everybody once, as the first listed says", () => {
    expect(union([0, says("ab")], [1, says("BC")])).toBe("Cab");
    expect(union([1, says("BC")], [0, says("ab")])).toBe("Cab");
  });

  test("has who is in one of them still", () => {
    expect(union([0, says("ab")], [1, says("ab")], [0, says("a")])).toBe("ab");
    expect(union([0, says("ab")], [1, says("ab")], [0, says("a")], [1, says("a")])).toBe("a");
  });

  test("keeps those of a registry that is away, and is not stale for it", () => {
    expect(union([0, says("ab")], [1, says("c")], [0, says("ab", true)])).toBe("abc");
    expect(union([0, says("ab")], [1, says("c")], [0, says("ab", true)], [1, says("c", true)])).toBe("abc?");
  });

  test("believes who is not away before who is listed first", () => {
    expect(union([0, says("a")], [1, says("A")], [0, says("a", true)])).toBe("A");
  });

  test("lets go whoever leaves the one while the other is away, even for good", () => {
    const away = [
      [0, says("ab")],
      [1, says("ab")],
      [0, says("ab", true)],
    ] as const;
    expect(union(...away, [1, says("b")])).toBe("b");
    expect(union(...away, [1, says("b")], [1, says("ab")])).toBe("ab");
    expect(union(...away, [1, says("b")], [0, says("ab")])).toBe("ab");
  });

  test("keeps whom only the registry that is away has known", () => {
    expect(union([0, says("ab")], [1, says("b")], [0, says("ab", true)], [1, says("")])).toBe("a");
  });

  test("holds to its laws, whatever is said in whatever order", () => {
    const letters = fc.uniqueArray(fc.constantFrom("a", "b", "c", "A", "B", "C"), {
      selector: (letter) => letter.toLowerCase(),
    });
    const saying = fc.record({ index: fc.nat({ max: 2 }), letters, stale: fc.boolean() });
    fc.assert(
      fc.property(fc.array(saying, { maxLength: 20 }), (sayings) => {
        const joined = new Union(3);
        const last: (Snapshot | undefined)[] = [undefined, undefined, undefined];
        for (const each of sayings) {
          const snapshot = says(each.letters.join(""), each.stale);
          joined.hear(each.index, snapshot);
          last[each.index] = snapshot;
          const heard = last.filter((one) => one !== undefined);
          const fresh = heard.filter(({ stale }) => !stale);
          const there = joined.instances();
          const ids = there.map(({ id }) => id);
          expect(new Set(ids).size).toBe(ids.length);
          for (const instance of there) expect(heard.some(({ instances }) => instances.includes(instance))).toBe(true);
          for (const { id } of fresh.flatMap(({ instances }) => instances)) {
            const first = fresh.find(({ instances }) => instances.some((one) => one.id === id));
            expect(first?.instances).toContain(there.find((one) => one.id === id));
          }
          expect(joined.stale).toBe(fresh.length === 0);
          expect(joined.allHeard).toBe(heard.length === 3);
        }
      }),
    );
  });

  test("loses nobody of a registry that is away while no other loses him", () => {
    const letters = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"));
    fc.assert(
      fc.property(letters, fc.array(letters, { maxLength: 8 }), (known, others) => {
        const joined = new Union(2);
        joined.hear(0, says(known.join("")));
        joined.hear(0, says(known.join(""), true));
        const lost = new Set<string>();
        let before: readonly string[] = [];
        for (const now of others) {
          joined.hear(1, says(now.join("")));
          for (const each of before) if (!now.some((one) => one === each)) lost.add(each);
          before = now;
          const expected = new Set([...now, ...known.filter((each) => !lost.has(each))]);
          expect(lettersOf(joined)).toBe([...expected].toSorted().join(""));
        }
      }),
    );
  });
});
