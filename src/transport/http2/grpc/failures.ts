import { Code } from "../../../errors/errors.js";
import { Http2Code } from "../errors.js";
import type { StreamFailure } from "../stream/stream.js";

/** What a reset means for a call. Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md "Errors" */
const codes: { readonly [code: number]: Code } = {
  [Http2Code.REFUSED_STREAM]: Code.UNAVAILABLE,
  [Http2Code.CANCEL]: Code.CANCELLED,
  [Http2Code.ENHANCE_YOUR_CALM]: Code.RESOURCE_EXHAUSTED,
  [Http2Code.INADEQUATE_SECURITY]: Code.PERMISSION_DENIED,
};

/** A connection that is gone is worth another try elsewhere; a stream that was reset says why. */
export function codeOfFailure({ by, code, unprocessed }: StreamFailure): Code {
  if (by === "connection" || unprocessed) return Code.UNAVAILABLE;
  return codes[code] ?? Code.INTERNAL;
}
