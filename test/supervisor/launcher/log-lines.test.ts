import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutMark, LogLines, longestLine } from "../../../src/supervisor/launcher/log-lines.js";

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
