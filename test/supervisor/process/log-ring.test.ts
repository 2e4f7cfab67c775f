import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogRing } from "../../../src/supervisor/process/log-ring.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

describe("a ring of lines", () => {
  it("keeps the last so many, and no more than so long together", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 10 }), { maxLength: 200 }), (texts) => {
        const ring = new LogRing<{ readonly text: string }>(20, 60);
        for (const text of texts) ring.push({ text });
        const expected = texts.slice(-20);
        while (expected.join("").length > 60) expected.shift();
        expect(ring.list().map(({ text }) => text)).toEqual(expected);
      }),
    );
  });

  it("lets go of the others at once, though they are few", async () => {
    const ring = new LogRing<{ readonly text: string }>(1_000, 1_000);
    const written: WeakRef<object>[] = [];
    for (let i = 0; i < 100; i++) {
      const line = { text: "x".repeat(100) };
      written.push(new WeakRef(line));
      ring.push(line);
    }
    await new Promise(setImmediate); // what this turn has seen stays to its end
    collectGarbage();
    expect(written.filter((line) => line.deref() !== undefined)).toHaveLength(ring.list().length);
    expect(ring.list()).toHaveLength(10);
  });
});
