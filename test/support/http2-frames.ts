import { messagesOf, type RawMessage } from "./raw-grpc.js";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const paddedFlag = 0x8;

/** The gRPC messages in what one side sent over an HTTP/2 connection, those of earlier streams first. */
export function messagesIn(connection: Buffer): readonly RawMessage[] {
  const streams = new Map<number, Buffer[]>();
  const start = connection.subarray(0, preface.length).toString("latin1") === preface ? preface.length : 0;
  for (let at = start; at + 9 <= connection.length; ) {
    const length = connection.readUIntBE(at, 3);
    const [type, flags, stream] = [connection[at + 3], connection[at + 4] ?? 0, connection.readUInt32BE(at + 5)];
    if (type === 0) {
      const padding = (flags & paddedFlag) === 0 ? 0 : (connection[at + 9] ?? 0) + 1;
      const from = at + 9 + Math.min(padding, 1);
      streams.set(stream, [...(streams.get(stream) ?? []), connection.subarray(from, from + length - padding)]);
    }
    at += 9 + length;
  }
  return [...streams].sort(([a], [b]) => a - b).flatMap(([, parts]) => messagesOf(Buffer.concat(parts)));
}
