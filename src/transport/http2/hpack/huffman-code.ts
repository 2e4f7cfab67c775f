/** RFC 7541 Appendix B: how many bits the code of each byte has; EOS, the 257th, stands for nothing and is never sent. */
export const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];

export const eos = 256;
export const longestCode = 30;

/** The symbols by the length of their code, then by value: the order in which the codes count up (the code is canonical). */
export const symbolsInOrder: readonly number[] = [...codeLengths.keys()].sort(
  (a, b) => (codeLengths[a] as number) - (codeLengths[b] as number) || a - b,
);

/** The code of each symbol, in the low bits. */
export const codes: readonly number[] = countCodes();

function countCodes(): readonly number[] {
  const codes = new Array<number>(codeLengths.length);
  let code = 0;
  let length = 0;
  for (const symbol of symbolsInOrder) {
    code <<= (codeLengths[symbol] as number) - length;
    length = codeLengths[symbol] as number;
    codes[symbol] = code++;
  }
  return codes;
}
