import { readFrames } from "./raw-frame.js";

/** How many bytes the frame that breaks off still lacks, if any does, and the highest stream there has been. */
export function toNextFrame(sent: Buffer): { readonly rest: number; readonly lastId: number } {
  const { frames, missing, end } = readFrames(sent);
  const header = Buffer.concat([sent.subarray(end), Buffer.alloc(9)]);
  const rest = missing > 0 && sent.length - end < 9 ? missing + header.readUIntBE(0, 3) : missing;
  const begun = header.readUInt32BE(5) & 0x7fffffff;
  return { rest, lastId: frames.reduce((most, { streamId }) => Math.max(most, streamId & 0x7fffffff), begun) };
}
