/** What a number takes at most (RFC 7541 §5.1) that is within the 2^28 of what we read. */
export const maxIntegerBytes = 5;

/** Writes a number behind the `prefixBits` low bits of a first byte whose high bits are `flags`. @returns the end */
export function writeInteger(value: number, flags: number, prefixBits: number, target: Uint8Array, at: number): number {
  const most = (1 << prefixBits) - 1;
  if (value < most) {
    target[at] = flags | value;
    return at + 1;
  }
  target[at++] = flags | most;
  let left = value - most;
  for (; left >= 0x80; left >>>= 7) target[at++] = (left & 0x7f) | 0x80;
  target[at] = left;
  return at + 1;
}
