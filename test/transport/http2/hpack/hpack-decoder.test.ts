import { describe, expect, it } from "vitest";
import { type Fields, HpackDecoder, HpackError } from "../../../../src/transport/http2/hpack/hpack.js";
import { decode, decoder, fieldsOf, hex } from "./blocks.js";

const authority = [":authority", "www.example.com"];
const date = (second: number): string => `Mon, 21 Oct 2013 20:13:${second} GMT`;
const location = ["location", "https://www.example.com"];
const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

const requests: readonly Fields[] = [
  [":method", "GET", ":scheme", "http", ":path", "/", ...authority],
  [":method", "GET", ":scheme", "http", ":path", "/", ...authority, "cache-control", "no-cache"],
  [":method", "GET", ":scheme", "https", ":path", "/index.html", ...authority, "custom-key", "custom-value"],
];
const responses: readonly Fields[] = [
  [":status", "302", "cache-control", "private", "date", date(21), ...location],
  [":status", "307", "cache-control", "private", "date", date(21), ...location],
  [
    ...[":status", "200", "cache-control", "private", "date", date(22), ...location],
    ...["content-encoding", "gzip", "set-cookie", cookie],
  ],
];

/** The examples have a table of 256 bytes from the start; here the first block says so. */
const tableOf256 = "3fe101";

/** RFC 7541 Appendix C: the blocks of one connection and what they say. */
const examples: Readonly<Record<string, { blocks: readonly string[]; fields: readonly Fields[] }>> = {
  "C.2.1: a literal with indexing": {
    blocks: ["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"],
    fields: [["custom-key", "custom-header"]],
  },
  "C.2.2: a literal without indexing": {
    blocks: ["040c 2f73 616d 706c 652f 7061 7468"],
    fields: [[":path", "/sample/path"]],
  },
  "C.2.3: a literal that is never indexed": {
    blocks: ["1008 7061 7373 776f 7264 0673 6563 7265 74"],
    fields: [["password", "secret"]],
  },
  "C.2.4: an indexed field": { blocks: ["82"], fields: [[":method", "GET"]] },
  "C.3: requests without Huffman code": {
    blocks: [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
    fields: requests,
  },
  "C.4: requests in Huffman code": {
    blocks: [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
    fields: requests,
  },
  "C.5: responses without Huffman code, with eviction": {
    blocks: [
      `${tableOf256} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
       2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      "4803 3330 37c1 c0bf",
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
       7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
       6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
    ],
    fields: responses,
  },
  "C.6: responses in Huffman code, with eviction": {
    blocks: [
      `${tableOf256} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
       2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      "4883 640e ffc1 c0bf",
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
       e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
    fields: responses,
  },
};

describe("the examples of RFC 7541", () => {
  it.each(Object.entries(examples))("are read: %s", (_, { blocks, fields }) => {
    const reader = decoder();
    expect(blocks.map((block) => fieldsOf(decode(reader, hex(block))))).toEqual(fields);
  });
});

describe("what a decoder refuses", () => {
  it.each([
    ["index 0", "80", /index 0/],
    ["an index beyond the tables", "be", /index 62/],
    ["a long index beyond the tables", "ff8001", /index 255/],
    ["the name of an entry that is not there", "7e0161", /index 62/],
    ["a number that breaks off", "ff80", /a number/],
    ["a number of more than 5 bytes", "ff8080808000", /a number/],
    ["a number above 2^28", "82 00 7fffffff7f", /a number/],
    ["a field that breaks off before its name", "40", /breaks off/],
    ["a field that breaks off before its value", "400161", /breaks off/],
    ["a name that is longer than the block", "400461", /a string of 4 bytes: 1 are left/],
    ["a value that is longer than the block", "0f0d7f01", /a string of 128 bytes: 0 are left/],
    ["a string longer than any memory", "00 7f81ffff7f", /a string of 268435456 bytes/],
    ["a larger table than was allowed", "3fe21f", /a table of 4097 bytes: we allow 4096/],
    ["a change of the table's size behind a field", "8220", /behind a field/],
    ["a change of the table's size behind a literal", "00 0161 0162 20", /behind a field/],
    ["a third change of the table's size", "202020", /more than two/],
    ["EOS", "00 0161 84 ffffffff", /EOS/],
    ["EOS behind a character", "00 0161 85 1fffffffff", /EOS/],
    ["8 bits of padding", "00 0161 82 f8ff", /breaks off/],
    ["8 bits of padding and nothing else", "00 0161 81 ff", /breaks off/],
    ["padding that is not ones", "00 0161 81 18", /breaks off/],
    ["a long code that breaks off", "00 0161 83 fffffe", /breaks off/],
  ])("is %s", (_, block, message) => {
    const act = (): unknown => decode(decoder(), hex(block));
    expect(act).toThrow(HpackError);
    expect(act).toThrow(message);
  });

  it("is a table larger than our own setting, even below 4096", () => {
    const reader = new HpackDecoder({ maxTableBytes: 100, maxListBytes: 1000 });
    expect(() => decode(reader, hex("3f46"))).toThrow("a table of 101 bytes: we allow 100");
    expect(fieldsOf(decode(reader, hex("3f45 82")))).toEqual([":method", "GET"]);
  });
});

describe("a decoder", () => {
  it("reads what is only just legal", () => {
    const legal: Readonly<Record<string, Fields>> = {
      "": [],
      "00 00 80": ["", ""],
      "20 3fe11f 82": [":method", "GET"],
      "00 0161 84 18c631ff": ["a", "aaaaa"],
      [`00 0161 7f818000 ${"62".repeat(128)}`]: ["a", "b".repeat(128)],
    };
    for (const [block, fields] of Object.entries(legal)) {
      expect(fieldsOf(decode(decoder(), hex(block))), block).toEqual(fields);
    }
  });

  it("gives each byte as one character", () => {
    expect(fieldsOf(decode(decoder(), hex("00 03 41ff00 02 c3a9")))).toEqual(["A\xff\0", "\xc3\xa9"]);
  });

  it("gives the same known fields, whole block and all, each time the same fields of the tables come", () => {
    const reader = decoder();
    decode(reader, hex("4001610162"));
    const first = decode(reader, hex("83 86 be"));
    expect(first.known.fields).toEqual([":method", "POST", ":scheme", "http", "a", "b"]);
    expect(decode(reader, hex("83 86 be"))).toBe(first);

    first.known.meaning = "what the layer above made of it";
    const longer = decode(reader, hex("83 86 be 0001780179"));
    expect(longer.known).toBe(first.known);
    expect(longer.rest).toEqual(["x", "y"]);
    expect(decode(reader, hex("83 87 be")).known).not.toBe(first.known);
  });

  it("has one empty list for all blocks that have no other fields", () => {
    expect(decode(decoder(), hex("83")).rest).toBe(decode(decoder(), hex("86")).rest);
  });

  it("knows the fields again though entries were added since, and does not take others for them", () => {
    const reader = decoder();
    decode(reader, hex("4001610162"));
    const first = decode(reader, hex("83 be"));
    decode(reader, hex("4001630164"));
    expect(decode(reader, hex("83 bf"))).toBe(first);
    expect(decode(reader, hex("83 be")).known.fields).toEqual([":method", "POST", "c", "d"]);
  });

  it("forgets what was known of entries that were pushed out, or went with the table", () => {
    const reader = decoder();
    decode(reader, hex("4001610162"));
    decode(reader, hex("be"));
    expect(() => decode(reader, hex("20 be"))).toThrow("index 62: the tables have 61 + 0 entries");
    const smaller = decoder();
    decode(smaller, hex("3f05 4001610162"));
    expect(fieldsOf(decode(smaller, hex("be 4001630164 be")))).toEqual(["a", "b", "c", "d", "c", "d"]);
    expect(fieldsOf(decode(smaller, hex("be")))).toEqual(["c", "d"]);
  });

  it("knows entries of two-byte indexes too", () => {
    const reader = decoder();
    for (let i = 0; i < 100; i++) decode(reader, hex(`4001610${i % 10}${"62".repeat(i % 10)}`));
    const block = decode(reader, hex("83 ff22 be"));
    expect(block.known.fields).toEqual([":method", "POST", "a", "", "a", "b".repeat(9)]);
    expect(decode(reader, hex("83 ff22 be"))).toBe(block);
  });

  it("knows the first 32 of a long run, and reads the others", () => {
    const { known, rest } = decode(decoder(), Buffer.alloc(40, 0x82));
    expect(known.fields).toHaveLength(2 * 32);
    expect(rest).toEqual(Array.from({ length: 8 }, () => [":method", "GET"]).flat());
  });

  it("tells apart more runs than it keeps", () => {
    const reader = decoder();
    const run = (i: number): Buffer => Buffer.from([0x81 + (i % 61), 0x81 + Math.floor(i / 61), 0x82]);
    const seen = new Map<string, number>();
    for (let i = 0; i < 400; i++) {
      const text = JSON.stringify(decode(reader, run(i)).known.fields);
      expect(seen.get(text), text).toBeUndefined();
      seen.set(text, i);
    }
  });

  it("empties the table for an entry that is larger, and goes on", () => {
    const reader = decoder();
    decode(reader, hex("3f04 4001610162"));
    expect(fieldsOf(decode(reader, hex("be 4001610462626262")))).toEqual(["a", "b", "a", "bbbb"]);
    expect(() => decode(reader, hex("be"))).toThrow(HpackError);
  });

  it("reads a name out of the very entry that the new one pushes out", () => {
    const reader = decoder();
    decode(reader, hex("3f05 4001610162"));
    expect(fieldsOf(decode(reader, hex("7e 0163")))).toEqual(["a", "c"]);
    expect(fieldsOf(decode(reader, hex("be")))).toEqual(["a", "c"]);
  });
});

describe("a list that is too large", () => {
  /** One field of 4000 bytes and 32, and what it takes to name it again. */
  const large = Buffer.concat([hex("40 0161 7fa01e"), Buffer.alloc(3999, "b")]);

  it("is said to be so, and stored no further, while the table stays right", () => {
    const reader = decoder(100);
    const block = decode(reader, hex("82 0001610162 4001630164 0001650166"));
    expect(block).toMatchObject({ tooLarge: true, known: { fields: [":method", "GET"] }, rest: ["a", "b"] });
    expect(decode(reader, hex("be"))).toMatchObject({ tooLarge: false, known: { fields: ["c", "d"] } });
  });

  it("is one byte more than the limit", () => {
    expect(decode(decoder(34), hex("0001610162"))).toMatchObject({ tooLarge: false, rest: ["a", "b"] });
    expect(decode(decoder(33), hex("0001610162"))).toMatchObject({ tooLarge: true, rest: [] });
    expect(decode(decoder(42), hex("82"))).toMatchObject({ tooLarge: false });
    expect(decode(decoder(41), hex("82"))).toMatchObject({ tooLarge: true, known: { fields: [] } });
  });

  it.each([
    ["of known fields", Buffer.alloc(10_000, 0xbe)],
    ["of other fields", Buffer.concat([hex("0000 00"), Buffer.alloc(10_000, 0xbe)])],
    ["of long known fields again and again", Buffer.alloc(32, 0xbe)],
  ])("is stored up to the limit where one large entry is meant thousands of times: %s", (_, bomb) => {
    const reader = decoder(16_384);
    decode(reader, large);
    const block = decode(reader, bomb);
    expect(block.tooLarge).toBe(true);
    expect(fieldsOf(block).length).toBeLessThanOrEqual(2 * 5);
    expect(fieldsOf(decode(reader, hex("82 be")))).toEqual([":method", "GET", "a", "b".repeat(3999)]);
  });
});
