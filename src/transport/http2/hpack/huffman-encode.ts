import { codeLengths, codes } from "./huffman-code.js";

/** How many bytes a text takes in Huffman code. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeLengths[text.charCodeAt(i) & 0xff] as number;
  return (bits + 7) >>> 3;
}

/** @returns the end of what was written */
export function encodeHuffman(text: string, target: Uint8Array, at: number): number {
  let end = at;
  let byte = 0;
  let free = 8;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    const code = codes[symbol] as number;
    for (let left = codeLengths[symbol] as number; left > 0; ) {
      const bits = Math.min(free, left);
      left -= bits;
      free -= bits;
      byte |= ((code >>> left) & ((1 << bits) - 1)) << free;
      if (free > 0) continue;
      target[end++] = byte;
      byte = 0;
      free = 8;
    }
  }
  // The last byte is filled up with the first bits of EOS, which are ones.
  if (free < 8) target[end++] = byte | ((1 << free) - 1);
  return end;
}
