import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Codec } from "../../codec/codec.js";
import { type Compression, type CompressionName, supportedCompressions } from "../../codec/compression.js";
import type { Metadata } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { Deadline } from "../../time/time.js";
import { codecOf } from "../grpc/content-type.js";
import { isBase64 } from "../grpc/header-fields.js";
import { parseTimeout } from "../grpc/timeout.js";
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
  const timeout = headers["grpc-timeout"];
  delete headers["grpc-timeout"];
  const timeoutMs = timeout === undefined ? undefined : parseTimeout(String(timeout));
  const codec = codecOf(String(headers["content-type"]), options.codecs);
  return {
    stream,
    codec: codec ?? (options.codecs[0] as Codec),
    metadata: fromRawHeaders(raw),
    deadline: timeoutMs === undefined ? undefined : options.clock.now() + timeoutMs,
    compression: agreedCompression(headers["grpc-accept-encoding"], options),
    error:
      (timeout === undefined ? undefined : timeoutFault(timeout, timeoutMs)) ??
      fault(headers, raw) ??
      (codec === undefined ? unknownCodec(headers, options) : undefined),
  };
}

function timeoutFault(timeout: string | string[], timeoutMs: number | undefined): RpcError | undefined {
  if (timeoutMs === undefined) {
    const message = `malformed grpc-timeout ${JSON.stringify(timeout)}: expected 1 to 8 digits and a unit, e.g. 250m`;
    return new RpcError(Code.INTERNAL, message);
  }
  return timeoutMs > 0 ? undefined : new RpcError(Code.DEADLINE_EXCEEDED, "the deadline passed before the call came");
}

function fault(headers: IncomingHttpHeaders, raw: readonly string[]): RpcError | undefined {
  if (headers[":method"] !== "POST") {
    return new RpcError(Code.INTERNAL, `a call is a POST, not a ${headers[":method"]}`);
  }
  const encoding = headers["grpc-encoding"];
  if (encoding !== undefined && !supportedCompressions.includes(String(encoding) as Compression)) {
    const message = `compression "${encoding}" is not supported; supported: ${supportedCompressions.join(", ")}`;
    return new RpcError(Code.UNIMPLEMENTED, message);
  }
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i] as string, raw[i + 1] as string];
    if (name.endsWith("-bin") && !isBase64(value)) {
      return new RpcError(Code.INTERNAL, `malformed metadata: "${name}" must carry base64`);
    }
  }
  return undefined;
}

function unknownCodec(headers: IncomingHttpHeaders, { codecs }: ResolvedOptions): RpcError {
  const known = codecs.map((codec) => `application/grpc+${codec.name}`).join(", ");
  return new RpcError(Code.UNIMPLEMENTED, `content-type "${headers["content-type"]}": supported are ${known}`);
}

function agreedCompression(
  accepted: string | string[] | undefined,
  options: ResolvedOptions,
): CompressionName | undefined {
  const { compression } = options;
  if (compression === "identity" || accepted === undefined) return undefined;
  return String(accepted)
    .split(",")
    .some((name) => name.trim() === compression)
    ? compression
    : undefined;
}
