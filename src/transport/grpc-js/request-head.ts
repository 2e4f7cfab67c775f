import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Codec } from "../../codec/codec.js";
import type { CompressionName } from "../../codec/compression.js";
import type { Metadata } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type { Deadline } from "../../time/time.js";
import { codecOf } from "../grpc/content-type.js";
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
  const type = String(headers["content-type"] ?? "");
  const codec = codecOf(type, options.codecs);
  return {
    stream,
    codec: codec ?? (options.codecs[0] as Codec),
    metadata: fromRawHeaders(raw),
    deadline: timeoutMs === undefined ? undefined : options.clock.now() + timeoutMs,
    compression: agreedCompression(headers["grpc-accept-encoding"], options),
    error:
      timeout !== undefined && timeoutMs === undefined
        ? new RpcError(
            Code.INTERNAL,
            `malformed grpc-timeout ${JSON.stringify(timeout)}: expected 1 to 8 digits and a unit, e.g. 250m`,
          )
        : codec === undefined
          ? new RpcError(Code.UNIMPLEMENTED, `content-type "${type}": supported are ${names(options.codecs)}`)
          : undefined,
  };
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

function names(codecs: readonly Codec[]): string {
  return codecs.map((codec) => `application/grpc+${codec.name}`).join(", ");
}
