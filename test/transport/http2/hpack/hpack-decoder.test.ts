import { describe, expect, it } from "vitest";
import { type Fields, HpackDecoder } from "../../../../src/transport/http2/hpack/hpack.js";

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

describe("a decoder and the examples of RFC 7541", () => {
  it.each(Object.entries(examples))("reads %s", (_, { blocks, fields }) => {
    const decoder = new HpackDecoder({ maxListBytes: 1000 });
    expect(blocks.map((block) => decode(decoder, block))).toEqual(fields);
  });
});

function decode(decoder: HpackDecoder, hex: string): Fields {
  const bytes = Buffer.from(hex.replaceAll(/\s/g, ""), "hex");
  const { known, rest } = decoder.decode(bytes, 0, bytes.length);
  return [...known.fields, ...rest];
}
