import { Code, codeFromNumber, decodeStatusDetails, RpcError } from "../../errors/errors.js";
import { parsePushback } from "../grpc/error-fields.js";
import type { Grpc } from "./grpc.js";

/** What grpc-js says of calls that failed on this side; a server may use the same words. */
const localTexts = [
  /^Connection dropped$/,
  /^(read|write) E[A-Z]+$/,
  /^No connection established/,
  /^Name resolution failed/,
  /^Channel closed/,
  /^Stream refused by server$/,
  /^Call cancelled$/,
  /^Received RST_STREAM with code \d+/,
  /^Received HTTP status code \d+$/,
  /^No status information received$/,
  /^Bandwidth exhausted or memory limit exceeded$/,
  /^Protocol not secure enough$/,
  /^Received message larger than max \(\d+ vs \d+\)$/,
  /^Received message that decompresses to a size larger than \d+$/,
  /^Attempted to send message with a size larger than \d+$/,
  /^Failed to decompress \w+-encoded message$/,
  /^Failed to start HTTP\/2 stream/,
  /^Write (error: |failed with error )/,
];

/**
 * The connection ended, and grpc-js says INTERNAL of a call on it: that of a server that was killed, for one in ten. A
 * server that ends a call without a status looks the same, and is as good as gone.
 */
const connectionFell =
  /^Received RST_STREAM with code (0 \(Call ended without gRPC status\)$|\d+ triggered by internal client error)/;

/** The connection had ended when the call was to begin on it: grpc-js says INTERNAL. */
const connectionGone = /^Failed to start HTTP\/2 stream with error The session /;

/** grpc-js ends some texts so, with nothing behind it. */
const emptyNote = /\s*Resolution note: $/;

/**
 * Makes an `RpcError` of a failed status.
 *
 * @param sent whether the call was ever written to a connection
 * @param answered whether a header has come: a server has seen the call, whatever the words
 */
export function errorOfStatus(status: Grpc.StatusObject, sent: boolean, answered: boolean): RpcError {
  const { metadata } = status;
  if (status.details === undefined) return undecompressable();
  const details = status.details.replace(emptyNote, "");
  if (!answered && unprocessed(status, sent)) return new RpcError(Code.UNAVAILABLE, details, { unprocessed: true });
  const bytes = metadata.get("grpc-status-details-bin")[0];
  const pushback = metadata.get("grpc-retry-pushback-ms")[0];
  return new RpcError(connectionFell.test(details) ? Code.UNAVAILABLE : codeFromNumber(status.code), details, {
    details: bytes instanceof Uint8Array ? decodeStatusDetails(bytes) : [],
    remote: !isLocal(status),
    ...(pushback === undefined ? {} : { retryPushbackMs: parsePushback(String(pushback)) }),
  });
}

/** The one failure for which grpc-js gives neither code nor text. */
function undecompressable(): RpcError {
  return new RpcError(Code.INTERNAL, "Received a compressed message under an unknown grpc-encoding, or none");
}

/** Certainly no handler saw the call. */
function unprocessed(status: Grpc.StatusObject, sent: boolean): boolean {
  const { code, details } = status;
  if (connectionGone.test(details) && isLocal(status)) return true;
  if (sent) return code === Code.UNAVAILABLE && details === "Stream refused by server";
  return code !== Code.CANCELLED && code !== Code.RESOURCE_EXHAUSTED;
}

/** An error that a server sent in place of an answer comes with fields of its own; a failure of this side has none. */
function isLocal({ details, metadata }: Grpc.StatusObject): boolean {
  if (!localTexts.some((text) => text.test(details))) return false;
  return Object.keys(metadata.getMap()).length === 0 || details.startsWith("Received HTTP status code");
}
