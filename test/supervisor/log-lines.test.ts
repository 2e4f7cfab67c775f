import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutMark, LogLines, longestLine } from "../../src/supervisor/log-lines.js";
import { LogRing } from "../../src/supervisor/log-ring.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function linesOf(...chunks: readonly Buffer[]): readonly string[] {
  const lines: string[] = [];
  const reader = new LogLines((line) => lines.push(line));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return lines;
}

describe("the lines of a stream", () => {
  it("are the same however its bytes are sliced", () => {
    const text = fc.array(
      fc.string({ unit: "grapheme" }).map((each) => each.replace(/[\r\n]/g, "")),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(text, fc.array(fc.nat(64)), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of [...sizes, bytes.length]) {
          chunks.push(bytes.subarray(at, at + size));
          at = Math.min(bytes.length, at + size);
        }
        expect(linesOf(...chunks)).toEqual(lines);
      }),
    );
  });

  it("end with LF or CRLF, and the last one with nothing", () => {
    expect(linesOf(Buffer.from("one\r\ntwo\n\nthree"))).toEqual(["one", "two", "", "three"]);
    expect(linesOf(Buffer.from("one\r"), Buffer.from("\ntwo\n"))).toEqual(["one", "two"]);
  });

  it("are told of once they are too long, and cut there", () => {
    const lines: string[] = [];
    const reader = new LogLines((line) => lines.push(line));
    for (let i = 0; i < 100; i++) reader.push(Buffer.alloc(1_000, "x"));
    expect(lines).toEqual(["x".repeat(longestLine) + cutMark]);
    reader.push(Buffer.from("the rest\nnext\n"));
    reader.end();
    expect(lines.slice(1)).toEqual(["next"]);
  });

  it("may be just as long as allowed", () => {
    expect(linesOf(Buffer.alloc(longestLine, "x"), Buffer.from("\n"))).toEqual(["x".repeat(longestLine)]);
    expect(linesOf(Buffer.alloc(longestLine + 1, "x"))).toEqual(["x".repeat(longestLine) + cutMark]);
  });

  it("keep a character that never ends", () => {
    expect(linesOf(Buffer.from("ä").subarray(0, 1))).toEqual(["\ufffd"]);
  });
});

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
