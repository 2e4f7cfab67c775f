import { connectionPreface } from "../frames/frames.js";

/** What a client speaks. `other`: nothing for this port. */
export type Speech = "http2" | "http1" | "other";

/** As long as servers let a request line be (RFC 9112 §3 recommends at least 8000). */
const longestLine = 8192;

const method = /^[A-Z-]{1,32}(?: |$)/;
const requestLine = /^[A-Z-]{1,32} [^ ]+ HTTP\/1\.[01]\r?$/;

/** What the first bytes of a connection say; undefined while more are needed to tell. */
export function recognise(bytes: Buffer): Speech | undefined {
  const length = Math.min(bytes.length, connectionPreface.length);
  if (bytes.compare(connectionPreface, 0, length, 0, length) === 0) {
    return length === connectionPreface.length ? "http2" : undefined;
  }
  const end = bytes.indexOf("\n");
  if (end >= 0) return requestLine.test(bytes.toString("latin1", 0, end)) ? "http1" : "other";
  return bytes.length <= longestLine && method.test(bytes.toString("latin1", 0, 33)) ? undefined : "other";
}
