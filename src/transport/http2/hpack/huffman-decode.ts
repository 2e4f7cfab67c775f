import { HpackError } from "./hpack-error.js";
import { codeLengths, codes, eos, longestCode, symbolsInOrder } from "./huffman-code.js";

/** Codes of up to this many bits, which are all that lower-case text has, are found in one step. */
const windowBits = 9;

/** By the next bits: symbol << 4 | how many of them are its code; 0 where the code is longer than the window. */
let windows: Uint16Array | undefined;

/** By length: the first code, where its symbol stands in `symbolsInOrder`, and what 30 bits are not below that are a longer one. */
const firstCodes = new Int32Array(longestCode + 1);
const firstSymbols = new Int32Array(longestCode + 1);
const codeEnds = new Int32Array(longestCode + 1);

/** How many bytes a text has at most that takes so many in Huffman code: no code is shorter than 5 bits. */
export function decodedBytes(encoded: number): number {
  return Math.floor((encoded * 8) / 5);
}

/**
 * Decodes into `target`, which has room for `decodedBytes`.
 * @returns the end of what was written, from 0
 * @throws HpackError for EOS, and for an end that is not less than 8 ones (RFC 7541 §5.2)
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  windows ??= makeWindows();
  let written = 0;
  let held = 0;
  let bits = 0;
  let at = start;
  for (;;) {
    while (held < windowBits && at < end) {
      bits = ((bits << 8) | (bytes[at++] as number)) & 0xffff;
      held += 8;
    }
    // Beyond the end stand ones, as padding would have it.
    const window = held < windowBits ? ((bits + 1) << (windowBits - held)) - 1 : bits >>> (held - windowBits);
    const found = windows[window & ((1 << windowBits) - 1)] as number;
    const length = found & 0xf;
    if (found !== 0 && length <= held) {
      target[written++] = found >>> 4;
      held -= length;
      continue;
    }
    if (at === end && held < 8) {
      const ones = (1 << held) - 1;
      if ((bits & ones) !== ones) throw new HpackError("a Huffman code breaks off");
      return written;
    }
    const from = at * 8 - held;
    const symbol = longSymbol(bytes, from, end);
    target[written++] = symbol;
    const next = from + (codeLengths[symbol] as number);
    at = (next + 7) >>> 3;
    held = at * 8 - next;
    bits = bytes[at - 1] as number;
  }
}

/** The symbol at a bit, where its code is longer than the window: found by length, since codes count up with it. */
function longSymbol(bytes: Uint8Array, from: number, end: number): number {
  const next = peek(bytes, from, end);
  let length = windowBits + 1;
  while (next >= (codeEnds[length] as number)) length++;
  if (from + length > end * 8) throw new HpackError("a Huffman code breaks off");
  const code = next >>> (longestCode - length);
  const symbol = symbolsInOrder[(firstSymbols[length] as number) + code - (firstCodes[length] as number)] as number;
  if (symbol === eos) throw new HpackError("EOS in a Huffman code");
  return symbol;
}

/** As many bits as the longest code has; beyond the end stand ones. */
function peek(bytes: Uint8Array, from: number, end: number): number {
  const at = from >>> 3;
  let bits = 0;
  for (let i = 0; i < 4; i++) bits = (bits << 8) | (at + i < end ? (bytes[at + i] as number) : 0xff);
  const fifth = at + 4 < end ? (bytes[at + 4] as number) : 0xff;
  const shift = from & 7;
  return ((bits << shift) | (fifth >>> (8 - shift))) >>> (32 - longestCode);
}

function makeWindows(): Uint16Array {
  const made = new Uint16Array(1 << windowBits);
  for (const [order, symbol] of symbolsInOrder.entries()) {
    const length = codeLengths[symbol] as number;
    const code = codes[symbol] as number;
    if (codeEnds[length] === 0) {
      firstCodes[length] = code;
      firstSymbols[length] = order;
    }
    codeEnds[length] = (code + 1) << (longestCode - length);
    if (length > windowBits) continue;
    const first = code << (windowBits - length);
    made.fill((symbol << 4) | length, first, first + (1 << (windowBits - length)));
  }
  return made;
}
