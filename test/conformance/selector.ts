import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CallInfo, Pick, Selector, SelectorFactory } from "../../src/selector/selector.js";
import type { Clock, Random } from "../../src/time/time.js";
import { avoiding, broken, countBy, instance, instances, ok, seeded, stream, unary } from "../selector/fixtures.js";
import { ManualClock } from "../support/manual-clock.js";

export interface SelectorSubject {
  /** What the selector calls itself. */
  readonly name: string;
  make(tools: { readonly clock: Clock; readonly random: Random }): SelectorFactory;
}

/** What every selector promises, whatever its way of choosing. */
export function selectorConformance(subject: SelectorSubject): void {
  const start = (seed = 1): { clock: ManualClock; factory: SelectorFactory; selector: Selector } => {
    const clock = new ManualClock();
    const factory = subject.make({ clock, random: seeded(seed) });
    return { clock, factory, selector: factory() };
  };

  /** One call after the other, 10 ms each. */
  const inTurn = (clock: ManualClock, selector: Selector, calls: number, call: CallInfo = unary): string[] =>
    Array.from({ length: calls }, () => {
      const pick = selector.pick(call) as Pick;
      clock.advance(10);
      pick.done(ok);
      return pick.instance.id;
    });

  describe(`every selector: ${subject.name}`, () => {
    test("says its name", () => {
      expect(start().selector.name).toBe(subject.name);
    });

    test("answers undefined where there is nobody, at first and after everybody has left", () => {
      const { selector } = start();
      expect(selector.pick(unary)).toBeUndefined();
      selector.update(instances(3));
      selector.update([]);
      expect(selector.pick(unary)).toBeUndefined();
      expect(selector.pick(avoiding("i0"))).toBeUndefined();
    });

    test("gives every call to the only instance, one to be avoided too", () => {
      const { selector, clock } = start();
      selector.update(instances(1));
      expect(inTurn(clock, selector, 10)).toEqual(Array(10).fill("i0"));
      expect(inTurn(clock, selector, 10, avoiding("i0"))).toEqual(Array(10).fill("i0"));
    });

    test("reaches every instance", () => {
      const { selector, clock } = start();
      selector.update(instances(20));
      expect(new Set(inTurn(clock, selector, 1000)).size).toBe(20);
    });

    test("reaches every instance but those to be avoided", () => {
      const { selector, clock } = start();
      selector.update(instances(5));
      const reached = new Set<string | undefined>();
      const pending: Pick[] = [];
      for (let call = 0; call < 500; call++) {
        const pick = selector.pick(avoiding("i1", "i3", "gone")) as Pick;
        reached.add(pick.instance.id);
        pending.push(pick);
        clock.advance(1);
        if (pending.length > 10) pending.shift()?.done(ok);
      }
      expect([...reached].sort()).toEqual(["i0", "i2", "i4"]);
    });

    test("goes on choosing where everybody is to be avoided", () => {
      const { selector, clock } = start();
      selector.update(instances(3));
      const chosen = inTurn(clock, selector, 100, avoiding("i0", "i1", "i2"));
      expect(new Set(chosen).size).toBe(3);
    });

    test("hands out an instance as it was last told", () => {
      const { selector, clock } = start();
      selector.update(instances(2));
      const before = selector.pick(unary) as Pick;
      const moved = ["i0", "i1"].map((id) => instance(id, { endpoints: ["memory://moved"] }));
      selector.update(moved);
      expect(before.instance.endpoints).not.toEqual(["memory://moved"]);
      for (let call = 0; call < 20; call++) {
        const pick = selector.pick(unary) as Pick;
        expect(moved).toContain(pick.instance);
        clock.advance(1);
        pick.done(ok);
      }
    });

    test("is told of a call that outlived its instance, and of one that failed", () => {
      const { selector, clock } = start();
      selector.update(instances(2));
      const picks = Array.from({ length: 10 }, () => selector.pick(unary) as Pick);
      selector.update([instance("other")]);
      for (const [index, pick] of picks.entries()) pick.done(index % 2 === 0 ? ok : broken);
      expect(new Set(inTurn(clock, selector, 10))).toEqual(new Set(["other"]));
    });

    test("keeps nothing in common with another selector of the same factory", () => {
      const { factory } = start();
      const [one, other] = [factory(), factory()];
      one.update([instance("mine")]);
      other.update([instance("yours")]);
      expect(one.pick(unary)?.instance.id).toBe("mine");
      expect(other.pick(unary)?.instance.id).toBe("yours");
    });

    test("spreads equal work evenly over equal instances", () => {
      const { selector, clock } = start();
      selector.update(instances(4));
      const counts = countBy(inTurn(clock, selector, 4000));
      for (const count of counts.values()) expect(count).toSatisfy((each: number) => Math.abs(each - 1000) < 150);
    });

    test("honours weight, and takes one that makes no sense for the usual", () => {
      const { selector, clock } = start();
      selector.update([instance("a", { weight: 300 }), instance("b"), instance("c", { weight: 0 })]);
      const counts = countBy(inTurn(clock, selector, 5000));
      expect(counts.get("a")).toSatisfy((count: number) => Math.abs(count - 3000) < 200);
      expect(counts.get("b")).toSatisfy((count: number) => Math.abs(count - 1000) < 150);
      expect(counts.get("c")).toSatisfy((count: number) => Math.abs(count - 1000) < 150);
    });

    test("chooses from the set of the moment, and whom to avoid only where all are, whatever has gone before", () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant("update" as const), ids: fc.uniqueArray(fc.nat(9), { maxLength: 8 }) }),
        fc.record({
          kind: fc.constant("pick" as const),
          avoid: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
          streaming: fc.boolean(),
        }),
        fc.record({ kind: fc.constant("done" as const), which: fc.nat(20), failed: fc.boolean() }),
        fc.record({ kind: fc.constant("pause" as const), ms: fc.nat(20_000) }),
      );
      const story = (steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[], seed: number) => {
        const { selector, clock } = start(seed);
        let current: string[] = [];
        const pending: Pick[] = [];
        for (const each of steps) {
          if (each.kind === "update") {
            current = each.ids.map((id) => `i${id}`);
            selector.update(current.map((id, index) => instance(id, { weight: [100, 1, 250][index % 3] as number })));
          } else if (each.kind === "pick") {
            const avoid = new Set(each.avoid.map((id) => `i${id}`));
            const pick = selector.pick({ method: (each.streaming ? stream : unary).method, avoid });
            const others = current.filter((id) => !avoid.has(id));
            const allowed = others.length > 0 ? others : current;
            if (pick === undefined) expect(current).toEqual([]);
            else expect(allowed).toContain(pick.instance.id);
            if (pick !== undefined) pending.push(pick);
          } else if (each.kind === "done") {
            const [pick] = pending.splice(each.which % (pending.length || 1), 1);
            pick?.done(each.failed ? broken : ok);
          } else {
            clock.advance(each.ms);
          }
        }
      };
      fc.assert(fc.property(fc.array(step, { maxLength: 100 }), fc.integer(), story), { numRuns: 200 });
    });
  });
}
