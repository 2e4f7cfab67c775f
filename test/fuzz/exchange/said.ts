import { ErrorCode, errorName, Flag, Type } from "../../support/http2/constants.js";
import { BlockReader, type Field } from "../../support/http2/hpack.js";
import { promise } from "../target.js";
import { type RawFrame, readFrames } from "../wire/raw-frame.js";

/** What a connection may be ended for by the other side's fault. */
const faults: readonly number[] = [
  ErrorCode.NO_ERROR,
  ErrorCode.PROTOCOL_ERROR,
  ErrorCode.FLOW_CONTROL_ERROR,
  ErrorCode.STREAM_CLOSED,
  ErrorCode.FRAME_SIZE_ERROR,
  ErrorCode.COMPRESSION_ERROR,
  ErrorCode.ENHANCE_YOUR_CALM,
];

/** What the code under test has said, read without it. */
export interface Said {
  readonly frames: readonly RawFrame[];
  /** The last GOAWAY. */
  readonly goaway: { readonly code: number; readonly text: string } | undefined;
  /** By stream. */
  readonly headers: ReadonlyMap<number, readonly (readonly Field[])[]>;
  readonly resets: ReadonlyMap<number, number>;
  /** Of DATA payloads, all streams together. */
  readonly dataBytes: number;
}

/** @throws where no decent peer would have said that */
export function listen(bytes: Buffer): Said {
  const { frames, missing } = readFrames(bytes);
  promise(missing === 0, "a frame of ours breaks off");
  const reader = new BlockReader();
  const headers = new Map<number, (readonly Field[])[]>();
  const resets = new Map<number, number>();
  const ended = new Set<number>();
  let goaway: Said["goaway"];
  let block: Buffer[] = [];
  let dataBytes = 0;
  for (const frame of frames) {
    const { type, flags, streamId, payload } = frame;
    if (type === Type.DATA || type === Type.HEADERS) {
      promise(!ended.has(streamId), `said ${type === Type.DATA ? "DATA" : "HEADERS"} behind the end of a stream`);
    }
    if (type === Type.DATA) dataBytes += payload.length;
    if ((type === Type.DATA || type === Type.HEADERS) && (flags & Flag.END_STREAM) !== 0) ended.add(streamId);
    if (type === Type.HEADERS) block = [];
    if (type === Type.HEADERS || type === Type.CONTINUATION) {
      block.push(payload);
      if ((flags & Flag.END_HEADERS) === 0) continue;
      const fields = reader.read(Buffer.concat(block));
      headers.set(streamId, [...(headers.get(streamId) ?? []), fields]);
    } else if (type === Type.RST_STREAM) {
      const code = payload.readUInt32BE();
      promise(code !== ErrorCode.INTERNAL_ERROR, "a stream was reset with INTERNAL_ERROR");
      ended.add(streamId);
      resets.set(streamId, code);
    } else if (type === Type.GOAWAY) {
      promise((goaway?.code ?? 0) === 0, "said why it ends, and then something else");
      goaway = { code: payload.readUInt32BE(4), text: payload.toString("utf8", 8) };
      promise(faults.includes(goaway.code), `the connection was ended with ${errorName(goaway.code)}: ${goaway.text}`);
    }
  }
  return { frames, goaway, headers, resets, dataBytes };
}

/** How a connection ended, for the tally. */
export function outcomeOf({ goaway, resets }: Said): string {
  if (goaway !== undefined && goaway.code !== 0) return String(errorName(goaway.code));
  if (goaway !== undefined) return "drained";
  return resets.size > 0 ? "stream errors" : "alive";
}
