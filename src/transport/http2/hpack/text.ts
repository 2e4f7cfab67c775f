import { decodedBytes, decodeHuffman } from "./huffman-decode.js";
import { encodeHuffman, huffmanBytes } from "./huffman-encode.js";
import { maxIntegerBytes, writeInteger } from "./integer.js";

/** Below this a loop beats the call out of JavaScript. */
const short = 24;
const huffmanFlag = 0x80;

/** What the length of a string literal takes at most. */
export const maxTextOverhead: number = maxIntegerBytes;

const scratch = Buffer.allocUnsafeSlow(4096);

export function readLatin1(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, end);
}

/** @throws HpackError for a code that is none */
export function readHuffman(bytes: Buffer, start: number, end: number): string {
  const most = decodedBytes(end - start);
  const target = most <= scratch.length ? scratch : Buffer.allocUnsafe(most);
  return readLatin1(target, 0, decodeHuffman(bytes, start, end, target));
}

/** A string literal as it is, one byte a character. @returns the end */
export function writeRaw(text: string, target: Buffer, at: number): number {
  const start = writeInteger(text.length, 0, 7, target, at);
  if (text.length > short) return start + target.write(text, start, "latin1");
  for (let i = 0; i < text.length; i++) target[start + i] = text.charCodeAt(i);
  return start + text.length;
}

/** A string literal in the shorter of its two forms. @returns the end */
export function writeShortest(text: string, target: Buffer, at: number): number {
  const bytes = huffmanBytes(text);
  if (bytes >= text.length) return writeRaw(text, target, at);
  return encodeHuffman(text, target, writeInteger(bytes, huffmanFlag, 7, target, at));
}
