import { constants } from "node:http2";
import { Code } from "../../../src/errors/errors.js";

/** How a call ended. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** A failure as it is thrown, by a handler as by a call. */
export function failed({ code, message }: Status): Error {
  return Object.assign(new Error(message), { code });
}

/** What a handler threw; UNKNOWN where it did not come from `failed()`. */
export function statusOf(reason: unknown): Status {
  const { code, message } = reason as { readonly code?: unknown; readonly message?: unknown };
  return { code: typeof code === "number" ? code : Code.UNKNOWN, message: String(message) };
}

/** `grpc-message`: UTF-8, of which everything but printable ASCII, and the percent sign, is percent-encoded. */
export function encodeMessage(message: string): string {
  let text = "";
  for (const byte of Buffer.from(message)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

/** Of a stream that ended without a status: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors */
export function statusOfReset(code: number): Status {
  const message = `the stream was reset with code ${code}`;
  if (code === constants.NGHTTP2_CANCEL) return { code: Code.CANCELLED, message };
  if (code === constants.NGHTTP2_REFUSED_STREAM) return { code: Code.UNAVAILABLE, message };
  return { code: Code.INTERNAL, message };
}
