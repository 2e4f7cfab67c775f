import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameSplitter, JuteReader, JuteWriter } from "../../src/registry/zookeeper/wire/jute.js";

/** The bytes, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe("ZooKeeper's encoding", () => {
  test("frames come out as they went in, however the bytes arrive", () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.array(fc.nat(), { maxLength: 30 }), (frames, places) => {
        const bytes = Buffer.concat(frames.map((frame) => new JuteWriter().buffer(Buffer.from(frame)).frame()));
        const splitter = new FrameSplitter();
        const seen = cut(bytes, places).flatMap((chunk) => splitter.push(chunk));
        expect(seen.map((frame) => [...new JuteReader(frame).buffer()])).toEqual(frames.map((frame) => [...frame]));
      }),
    );
  });

  test("values are read as they were written", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.boolean(),
        fc.string({ unit: "grapheme" }),
        (int, long, bool, string) => {
          const frame = new JuteWriter().int(int).long(long).bool(bool).string(string).frame();
          const reader = new JuteReader(frame.subarray(4));
          expect([reader.int(), reader.long(), reader.bool(), reader.string()]).toEqual([int, long, bool, string]);
        },
      ),
    );
  });

  test("a frame that is shorter than it says is refused, and never read beyond its end", () => {
    const refused = (read: (reader: JuteReader) => unknown, ...bytes: readonly number[]) =>
      expect(() => read(new JuteReader(Buffer.from(bytes)))).toThrow(RangeError);
    refused((reader) => reader.int(), 0, 0, 0);
    refused((reader) => reader.long(), 0, 0, 0, 0);
    refused((reader) => reader.bool());
    refused((reader) => reader.string(), 0, 0, 0, 2, 65);
    refused((reader) => reader.strings(), 127, 255, 255, 255, 0, 0, 0, 1, 65);
    expect(new JuteReader(Buffer.from([255, 255, 255, 255])).buffer()).toEqual(Buffer.alloc(0));
  });

  test("a length that no frame has is refused before anything is kept for it", () => {
    expect(() => new FrameSplitter().push(Buffer.from("HTTP/1.1 400 Bad Request"))).toThrow(RangeError);
    expect(() => new FrameSplitter().push(Buffer.from([255, 255, 255, 255]))).toThrow(RangeError);
  });
});
