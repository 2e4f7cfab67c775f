import type { DetailType, ErrorDetail } from "../errors/errors.js";
import {
  BadRequest,
  DebugInfo,
  ErrorInfo,
  Help,
  LocalizedMessage,
  PreconditionFailure,
  QuotaFailure,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
} from "../errors/errors.js";

/** Reads the bytes of one type of detail as JSON. */
type Reader = (bytes: Uint8Array) => object;

const readers = new Map<string, Reader>([
  [BadRequest.$type, generated(BadRequest)],
  [DebugInfo.$type, generated(DebugInfo)],
  [ErrorInfo.$type, generated(ErrorInfo)],
  [Help.$type, generated(Help)],
  [LocalizedMessage.$type, generated(LocalizedMessage)],
  [PreconditionFailure.$type, generated(PreconditionFailure)],
  [QuotaFailure.$type, generated(QuotaFailure)],
  [RequestInfo.$type, generated(RequestInfo)],
  [ResourceInfo.$type, generated(ResourceInfo)],
  [RetryInfo.$type, retryInfo],
]);

/** A detail as JSON with `@type`, as proto3 JSON writes an `Any`; its bytes in base64 where nobody here knows the type. */
export function detailJson({ type, value }: ErrorDetail): { readonly "@type": string } {
  try {
    const fields = readers.get(type)?.(value);
    if (fields !== undefined) return { "@type": type, ...fields };
  } catch {
    // Bytes that are no such message are shown as they are.
  }
  return { "@type": type, ...{ value: Buffer.from(value).toString("base64") } };
}

function generated<T>(type: DetailType<T> & { toJSON(message: T): unknown }): Reader {
  return (bytes) => type.toJSON(type.decode(bytes)) as object;
}

/** ts-proto writes a Duration as an object, proto3 JSON as `1.5s`. */
function retryInfo(bytes: Uint8Array): object {
  const { retryDelay } = RetryInfo.decode(bytes);
  if (retryDelay === undefined) return {};
  return { retryDelay: `${Number(retryDelay.seconds) + retryDelay.nanos / 1e9}s` };
}
