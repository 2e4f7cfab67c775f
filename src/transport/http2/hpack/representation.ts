import { writeInteger } from "./integer.js";

/** How a literal field is meant to be treated (RFC 7541 §6.2): as flags of its first byte. */
export type Indexing = typeof added | typeof plain | typeof never;

/** It becomes an entry of the table. */
export const added = 0x40;
/** It does not. */
export const plain = 0x00;
/** Nor may anybody ever make it one who passes it on. */
export const never = 0x10;

/** A field that is in the tables (§6.1). @returns the end */
export function writeIndexed(index: number, target: Uint8Array, at: number): number {
  return writeInteger(index, 0x80, 7, target, at);
}

/** What a literal field begins with; string literals follow, that of the name only where `nameIndex` is 0. @returns the end */
export function writeLiteralHead(nameIndex: number, indexing: Indexing, target: Uint8Array, at: number): number {
  return writeInteger(nameIndex, indexing, indexing === added ? 6 : 4, target, at);
}

/** A change of the table's size (§6.3). @returns the end */
export function writeSizeUpdate(bytes: number, target: Uint8Array, at: number): number {
  return writeInteger(bytes, 0x20, 5, target, at);
}
