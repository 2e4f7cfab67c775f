import fc from "fast-check";
import { expect, test } from "vitest";
import { WaitingLine } from "../../../src/transport/http2/client/waiting-line.js";

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
