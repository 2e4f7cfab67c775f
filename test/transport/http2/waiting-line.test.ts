import fc from "fast-check";
import { expect, test } from "vitest";
import { WaitingLine } from "../../../src/transport/http2/client/waiting-line.js";
import { memoryInUse } from "../../support/memory-in-use.js";

test("who came first is served first, whoever leaves in between", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("push" as const) }),
    fc.record({ do: fc.constant("shift" as const) }),
    fc.record({ do: fc.constant("remove" as const), at: fc.nat(9) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const line = new WaitingLine<number>();
      const model: number[] = [];
      let next = 0;
      for (const each of steps) {
        if (each.do === "push") {
          model.push(next);
          line.push(next++);
        } else if (each.do === "shift") {
          expect(line.shift()).toBe(model.shift());
        } else {
          const [gone = -1] = model.splice(each.at, 1);
          line.remove(gone);
        }
        expect(line.length).toBe(model.length);
      }
    }),
  );
});

test("keeps nothing of who has left, though it is never empty", async () => {
  const line = new WaitingLine<object>();
  for (let served = 0; served < 2; served++) line.push({});
  line.shift();
  const before = await memoryInUse();
  const waiting: object[] = [];
  for (let come = 0; come < 50_000; come++) {
    const waiter = { request: new Array(100).fill(come) };
    waiting.push(waiter);
    line.push(waiter);
    if (waiting.length > 100) line.remove(waiting.shift() as object);
  }
  expect((await memoryInUse()) - before).toBeLessThan(2_000_000); // all of them together are 40 MB
  expect(line.length).toBe(101);
});
