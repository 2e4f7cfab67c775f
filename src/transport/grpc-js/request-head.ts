import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Codec } from "../../codec/codec.js";
import type { CompressionName } from "../../codec/compression.js";
import type { Metadata } from "../../contract/contract.js";
import { RpcError } from "../../errors/errors.js";
import type { Deadline } from "../../time/time.js";
import { agreedCompression, checkBinaryFields, readCodec, readTimeout } from "../grpc/request-head.js";
import { fromRawHeaders } from "./headers.js";
import type { ResolvedOptions } from "./options.js";

/** What the header fields of a request say. */
export interface RequestHead {
  readonly stream: ServerHttp2Stream;
  readonly codec: Codec;
  readonly metadata: Metadata;
  readonly deadline: Deadline | undefined;
  /** How the answer may be compressed: what this side wants and the caller understands. */
  readonly compression: CompressionName | undefined;
  /** Why the call cannot be served. */
  readonly error: RpcError | undefined;
}

/**
 * Reads a request's header fields, and takes away `grpc-timeout`: grpc-js reads it loosely (`-1m` counts as 1 m, large
 * values overflow to "now"), so it shall not see it.
 */
export function readHead(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
  options: ResolvedOptions,
): RequestHead {
  const timeout = text(headers["grpc-timeout"]);
  delete headers["grpc-timeout"];
  let codec = options.codecs[0] as Codec;
  let deadline: Deadline | undefined;
  let error: RpcError | undefined;
  try {
    if (timeout !== undefined) deadline = options.clock.now() + readTimeout(timeout);
    const fields = {
      method: headers[":method"],
      contentType: headers["content-type"],
      timeout,
      encoding: text(headers["grpc-encoding"]),
    };
    codec = readCodec(fields, options.codecs);
    checkBinaryFields(raw);
  } catch (reason) {
    error = RpcError.from(reason);
  }
  const compression = agreedCompression(text(headers["grpc-accept-encoding"]), options.compression);
  return { stream, codec, metadata: fromRawHeaders(raw), deadline, compression, error };
}

function text(value: string | string[] | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
