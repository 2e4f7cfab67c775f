import type { Codec } from "../../codec/codec.js";
import { type Compression, type CompressionName, supportedCompressions } from "../../codec/compression.js";
import { Code, RpcError } from "../../errors/errors.js";
import { codecOf } from "./content-type.js";
import { isBase64 } from "./header-fields.js";
import { parseTimeout } from "./timeout.js";

/** What gRPC says in the header fields of a request. */
export interface RequestHeadFields {
  /** `:method` */
  readonly method: string | undefined;
  readonly contentType: string | undefined;
  /** `grpc-timeout` */
  readonly timeout: string | undefined;
  /** `grpc-encoding` */
  readonly encoding: string | undefined;
}

/** How long the caller waits, in ms. @throws RpcError INTERNAL for a malformed one, DEADLINE_EXCEEDED for none at all */
export function readTimeout(timeout: string): number {
  const timeoutMs = parseTimeout(timeout);
  if (timeoutMs === undefined) {
    const message = `malformed grpc-timeout ${JSON.stringify(timeout)}: expected 1 to 8 digits and a unit, e.g. 250m`;
    throw new RpcError(Code.INTERNAL, message);
  }
  if (timeoutMs > 0) return timeoutMs;
  throw new RpcError(Code.DEADLINE_EXCEEDED, "the deadline passed before the call came");
}

/** The codec of a call. @throws RpcError for what cannot be served, whatever the method */
export function readCodec({ method, contentType, encoding }: RequestHeadFields, codecs: readonly Codec[]): Codec {
  if (method !== "POST") throw new RpcError(Code.INTERNAL, `a call is a POST, not a ${method}`);
  if (encoding !== undefined && !supportedCompressions.includes(encoding as Compression)) {
    const message = `compression "${encoding}" is not supported; supported: ${supportedCompressions.join(", ")}`;
    throw new RpcError(Code.UNIMPLEMENTED, message);
  }
  const codec = codecOf(String(contentType), codecs);
  if (codec !== undefined) return codec;
  const known = codecs.map(({ name }) => `application/grpc+${name}`).join(", ");
  throw new RpcError(Code.UNIMPLEMENTED, `content-type "${contentType}": supported are ${known}`);
}

/** @param fields name and value in turn. @throws RpcError INTERNAL where bytes are not base64 */
export function checkBinaryFields(fields: readonly string[]): void {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.endsWith("-bin") && !isBase64(fields[i + 1] as string)) {
      throw new RpcError(Code.INTERNAL, `malformed metadata: "${name}" must carry base64`);
    }
  }
}

/** How the answer may be compressed: what this side wants and the caller understands. */
export function agreedCompression(accepted: string | undefined, wanted: Compression): CompressionName | undefined {
  if (wanted === "identity" || accepted === undefined) return undefined;
  return accepted.split(",").some((name) => name.trim() === wanted) ? wanted : undefined;
}
