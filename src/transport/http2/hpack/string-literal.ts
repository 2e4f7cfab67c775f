import { decodedBytes, decodeHuffman } from "./huffman-decode.js";
import { encodeHuffman, huffmanBytes } from "./huffman-encode.js";
import { maxIntegerBytes, writeInteger } from "./integer.js";

/** Up to this many characters a loop is quicker than the call out of JavaScript (measured). */
const short = 16;
const huffmanFlag = 0x80;
const scratch = Buffer.allocUnsafeSlow(4096);

/** What a string literal takes at most. */
export function literalBound(text: string): number {
  return maxIntegerBytes + text.length;
}

/** A string literal as it is, one byte a character. @returns the end */
export function writeRaw(text: string, target: Buffer, at: number): number {
  const start = writeInteger(text.length, 0, 7, target, at);
  if (text.length > short) return start + target.write(text, start, "latin1");
  for (let i = 0; i < text.length; i++) target[start + i] = text.charCodeAt(i);
  return start + text.length;
}

/** A string literal in the shorter of its two forms, for what is sent often: the code costs time. @returns the end */
export function writeShortest(text: string, target: Buffer, at: number): number {
  const bytes = huffmanBytes(text);
  if (bytes >= text.length) return writeRaw(text, target, at);
  return encodeHuffman(text, target, writeInteger(bytes, huffmanFlag, 7, target, at));
}

/** The text of a string literal in Huffman code. @throws HpackError for a code that is none */
export function readHuffman(bytes: Uint8Array, start: number, end: number): string {
  const most = decodedBytes(end - start);
  const target = most <= scratch.length ? scratch : Buffer.allocUnsafe(most);
  return target.toString("latin1", 0, decodeHuffman(bytes, start, end, target));
}
