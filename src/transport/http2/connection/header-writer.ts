import { defaultMaxFrameBytes, Flag, FrameType, frameHeaderBytes, putFrameHeader } from "../frames/frames.js";
import type { Fields, FieldTemplate, HpackEncoder } from "../hpack/hpack.js";
import type { Outbox } from "../outbox.js";

/** One frame where the fields fit, else HEADERS and as many CONTINUATION frames as it takes. */
export function writeHeaderBlock(
  outbox: Outbox,
  encoder: HpackEncoder,
  maxFrameBytes: number,
  streamId: number,
  template: FieldTemplate,
  fields: Fields,
  endStream: boolean,
): void {
  const bound = encoder.bound(template, fields);
  const flags = endStream ? Flag.END_STREAM : 0;
  if (bound > defaultMaxFrameBytes) {
    writeInParts(outbox, encodeAside(encoder, template, fields, bound), maxFrameBytes, streamId, flags);
    return;
  }
  const at = outbox.reserve(frameHeaderBytes + bound);
  const end = encoder.encode(template, fields, outbox.bytes, at + frameHeaderBytes);
  const length = end - at - frameHeaderBytes;
  putFrameHeader(outbox.bytes, at, length, FrameType.HEADERS, flags | Flag.END_HEADERS, streamId);
  outbox.commit(end);
}

function encodeAside(encoder: HpackEncoder, template: FieldTemplate, fields: Fields, bound: number): Buffer {
  const block = Buffer.allocUnsafe(bound);
  return block.subarray(0, encoder.encode(template, fields, block, 0));
}

function writeInParts(outbox: Outbox, block: Buffer, maxFrameBytes: number, streamId: number, flags: number): void {
  for (let from = 0; from === 0 || from < block.length; from += maxFrameBytes) {
    const part = block.subarray(from, from + maxFrameBytes);
    const last = from + part.length === block.length ? Flag.END_HEADERS : 0;
    const at = outbox.reserve(frameHeaderBytes + part.length);
    const type = from === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
    const payload = putFrameHeader(outbox.bytes, at, part.length, type, (from === 0 ? flags : 0) | last, streamId);
    outbox.commit(payload + part.copy(outbox.bytes, payload));
  }
}
