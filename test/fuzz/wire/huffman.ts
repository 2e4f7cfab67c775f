import { huffmanBits } from "../../support/http2/hpack-tables.js";

/** The code of each byte in digits: codes of one length stand in the order of their symbols. */
const codes: readonly string[] = (() => {
  const made: string[] = [];
  let next = 0;
  let length = 0;
  for (const symbol of [...huffmanBits.keys()].sort((a, b) => bitsOf(a) - bitsOf(b) || a - b)) {
    next *= 2 ** (bitsOf(symbol) - length);
    length = bitsOf(symbol);
    made[symbol] = (next++).toString(2).padStart(length, "0");
  }
  return made;
})();

function bitsOf(symbol: number): number {
  return huffmanBits[symbol] as number;
}

/** A string in Huffman code behind its length (RFC 7541 §5.2), apart from the product. At most 126 bytes. */
export function huffmanText(value: string): Buffer {
  const digits = Array.from(Buffer.from(value, "latin1"), (byte) => codes[byte]).join("");
  const bytes = Buffer.from((digits.match(/.{1,8}/g) ?? []).map((each) => Number.parseInt(each.padEnd(8, "1"), 2)));
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}
