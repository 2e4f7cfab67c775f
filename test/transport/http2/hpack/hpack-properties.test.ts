import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fields, HpackDecoder, HpackEncoder, HpackError } from "../../../../src/transport/http2/hpack/hpack.js";
import { decode, decoder, encode, fieldsOf } from "./blocks.js";

/** Few names and values, so that they repeat; some of the static table, some sensitive, some long, some of any bytes. */
const latin1 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const name = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("a", "b", "grpc-timeout", "content-type", ":path", "authorization", ":status"),
  },
  { weight: 1, arbitrary: latin1 },
);
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("", "1", "200", "/", "trailers", "/shop.v1.Orders/Place") },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 30 }).map(String) },
  { weight: 1, arbitrary: latin1 },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 6000 }).map((length) => "l".repeat(length)) },
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 6 }).map((pairs) => pairs.flat());

/** What happens on a connection: a block of one of four templates, or the peer changes its mind about the table. */
type Step = { readonly template: number; readonly extra: Fields } | { readonly tableBytes: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ template: fc.nat({ max: 3 }), extra: fields }) },
  { weight: 1, arbitrary: fc.record({ tableBytes: fc.constantFrom(0, 33, 100, 300, 1000, 4096, 100_000) }) },
);
const templates = fc.array(fields, { minLength: 4, maxLength: 4 });

describe("an encoder and a decoder", () => {
  it("understand each other, block by block, whatever is sent and however the table changes", () => {
    fc.assert(
      fc.property(templates, fc.array(step, { maxLength: 60 }), (lists, steps) => {
        const writer = new HpackEncoder();
        const reader = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 10_000_000 });
        const made = lists.map((list) => writer.template(list));
        for (const next of steps) {
          if ("tableBytes" in next) {
            writer.setMaxTableBytes(next.tableBytes);
            continue;
          }
          const block = encode(writer, made[next.template] as (typeof made)[0], next.extra);
          expect(fieldsOf(decode(reader, block))).toEqual([...(lists[next.template] as Fields), ...next.extra]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("understand each other over thousands of blocks of a table that is always too small", () => {
    const list = (i: number): Fields => ["x-method", `/shop.v1.Orders/Place${i}`, "x-group", `${i % 5}`];
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 1000 }), fc.integer({ min: 1, max: 40 }), (tableBytes, count) => {
        const writer = new HpackEncoder({ maxTableBytes: tableBytes });
        const reader = decoder();
        const made = Array.from({ length: count }, (_, i) => writer.template(list(i)));
        for (let i = 0; i < 3000; i++) {
          const which = (i * 7) % count;
          const extra = ["x-tenant", `${i % 6}`, "grpc-timeout", `${i % 900}m`];
          const read = fieldsOf(decode(reader, encode(writer, made[which] as (typeof made)[0], extra)));
          if (read.join() !== [...list(which), ...extra].join()) expect(read).toEqual([...list(which), ...extra]);
        }
      }),
      { numRuns: 10 },
    );
  });

  it("of one connection are none of another's business", () => {
    const writers = [new HpackEncoder(), new HpackEncoder()];
    const readers = [decoder(), decoder()];
    const made = writers.map((writer, i) => writer.template(["x-connection", `${i}`, "te", "trailers"]));
    for (let round = 0; round < 50; round++) {
      const which = (round * 3 + (round >> 2)) % 2;
      const extra = ["x-round", `${round % 5}`];
      const block = encode(writers[which] as HpackEncoder, made[which] as (typeof made)[0], extra);
      expect(fieldsOf(decode(readers[which] as HpackDecoder, block))).toEqual([
        ...["x-connection", `${which}`, "te", "trailers"],
        ...extra,
      ]);
    }
  });
});

describe("a decoder that is sent anything", () => {
  /** Bytes of a kind that get far: indexes, literals, short strings. */
  const likely = fc
    .array(
      fc.constantFrom(
        "\x82",
        "\xbe",
        "\xbf",
        "\x40\x01a\x01b",
        "\x00\x01c\x83\xff",
        "\x20",
        "\x3f\x05",
        "\x0f\x02\x01x",
      ),
    )
    .map((parts) => Buffer.from(parts.join(""), "latin1"));
  const block = fc.oneof(fc.uint8Array({ maxLength: 200 }), likely);

  it("throws HpackError or gives fields within the limit, and reads on", () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 8 }), (blocks) => {
        const maxListBytes = 500;
        const reader = decoder(maxListBytes);
        for (const bytes of blocks) {
          const read = outcome(() => decode(reader, bytes));
          if (read === undefined) return;
          const stored = fieldsOf(read);
          const size = stored.reduce((sum, text, i) => sum + text.length + (i % 2) * 32, 0);
          expect(stored.length % 2).toBe(0);
          expect(size).toBeLessThanOrEqual(maxListBytes);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("does so for blocks of our own that were changed in one place", () => {
    const writer = new HpackEncoder();
    const template = writer.template([":method", "POST", ":path", "/shop.v1.Orders/Place", "te", "trailers"]);
    const blocks = Array.from({ length: 4 }, (_, i) => encode(writer, template, ["grpc-timeout", `${i}m`, "x", "y"]));
    fc.assert(
      fc.property(fc.nat({ max: 3 }), fc.nat({ max: 60 }), fc.nat({ max: 255 }), (which, at, byte) => {
        const reader = decoder();
        for (const [i, original] of blocks.entries()) {
          const bytes = Buffer.from(original);
          if (i === which && at < bytes.length) bytes[at] = byte;
          const read = outcome(() => decode(reader, bytes));
          if (read === undefined) return;
          expect(fieldsOf(read).length % 2).toBe(0);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** Undefined where it threw what a decoder may throw. */
function outcome<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    expect(error).toBeInstanceOf(HpackError);
    return undefined;
  }
}
