import type { Readable, Writable } from "node:stream";
import { gunzipSync, gzipSync } from "node:zlib";
import { frame, messagesOf } from "../raw-grpc.js";

/** One gRPC message: its bytes as they were before, and whether they travel compressed, with gzip. */
export interface Message {
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
}

function written({ bytes, compressed }: Message): Buffer {
  return compressed ? frame(gzipSync(bytes), 1) : frame(bytes);
}

/** Writes a message; where that is more than the stream can take, resolves when it can again or has ended. */
export async function write(message: Message, stream: Writable): Promise<void> {
  if (stream.write(written(message))) return;
  await new Promise<void>((resolve) => {
    stream.once("drain", resolve);
    stream.once("close", resolve);
  });
}

/** The messages of a stream, each as soon as it is whole. Who reads no further leaves the stream as it is. */
export async function* messagesFrom(stream: Readable): AsyncGenerator<Message> {
  let parts: Buffer[] = [];
  let size = 0;
  let wanted = 5;
  for await (const part of stream.iterator({ destroyOnReturn: false })) {
    parts.push(part);
    size += part.length;
    if (size < wanted) continue;
    let rest = Buffer.concat(parts);
    for (const { compressed, bytes } of messagesOf(rest)) {
      yield { compressed, bytes: compressed ? gunzipSync(bytes) : bytes };
      rest = rest.subarray(5 + bytes.length);
    }
    parts = [rest];
    size = rest.length;
    wanted = size < 5 ? 5 : 5 + rest.readUInt32BE(1);
  }
}
