import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodedBytes, decodeHuffman } from "../../../../src/transport/http2/hpack/huffman-decode.js";
import { encodeHuffman, huffmanBytes } from "../../../../src/transport/http2/hpack/huffman-encode.js";
import { hex } from "./blocks.js";

const latin1 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1"));

describe("Huffman code", () => {
  it.each([
    ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
    ["no-cache", "a8eb10649cbf"],
    ["custom-value", "25a849e95bb8e8b4bf"],
    ["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
    [
      "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
      "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ],
  ])("is that of RFC 7541 for %j", (text, code) => {
    expect(encoded(text)).toEqual(hex(code));
    expect(decoded(hex(code))).toBe(text);
  });

  it("gives back every byte behind every other", () => {
    const wrong: string[] = [];
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const text = String.fromCharCode(first, second);
        if (decoded(encoded(text)) !== text) wrong.push(text);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("gives back every text", () => {
    fc.assert(fc.property(latin1, (text) => decoded(encoded(text)) === text));
  });

  it("is as long as was said, and never longer decoded than was reckoned with", () => {
    fc.assert(
      fc.property(latin1, (text) => {
        const code = encoded(text);
        expect(code.length).toBe(huffmanBytes(text));
        expect(text.length).toBeLessThanOrEqual(decodedBytes(code.length));
      }),
    );
  });

  it("has one code a text: whatever can be decoded is what is encoded again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let text: string;
        try {
          text = decoded(bytes);
        } catch {
          return;
        }
        expect(encoded(text)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});

function encoded(text: string): Buffer {
  const target = Buffer.alloc(huffmanBytes(text) + 4);
  return target.subarray(0, encodeHuffman(text, target, 0));
}

function decoded(code: Uint8Array): string {
  const target = Buffer.alloc(decodedBytes(code.length));
  return target.toString("latin1", 0, decodeHuffman(code, 0, code.length, target));
}
