import { promisify } from "node:util";
import { deflate, gunzip, gzip, inflate, type ZlibOptions } from "node:zlib";
import { Code, RpcError } from "../errors/errors.js";

/** `grpc-encoding` of https://github.com/grpc/grpc/blob/master/doc/compression.md; its deflate is zlib's format. */
export type CompressionName = "gzip" | "deflate";
export type Compression = CompressionName | "identity";

interface Algorithm {
  readonly compress: (bytes: Uint8Array) => Promise<Buffer>;
  readonly decompress: (bytes: Uint8Array, options: ZlibOptions) => Promise<Buffer>;
}

const algorithms: Readonly<Record<CompressionName, Algorithm>> = {
  gzip: {
    compress: promisify<Uint8Array, Buffer>(gzip),
    decompress: promisify<Uint8Array, ZlibOptions, Buffer>(gunzip),
  },
  deflate: {
    compress: promisify<Uint8Array, Buffer>(deflate),
    decompress: promisify<Uint8Array, ZlibOptions, Buffer>(inflate),
  },
};

/** For `grpc-accept-encoding`. */
export const supportedCompressions: readonly Compression[] = ["identity", "deflate", "gzip"];

export function compress(name: CompressionName, bytes: Uint8Array): Promise<Buffer> {
  return algorithms[name].compress(bytes);
}

/**
 * @param maxBytes decompression stops there, so that a bomb never unfolds
 * @throws RpcError UNIMPLEMENTED for an unknown name, RESOURCE_EXHAUSTED past `maxBytes`, INTERNAL for bytes that are not compressed so
 */
export async function decompress(name: string, bytes: Uint8Array, maxBytes: number): Promise<Buffer> {
  if (!Object.hasOwn(algorithms, name)) {
    throw new RpcError(
      Code.UNIMPLEMENTED,
      `compression "${name}" is not supported; supported: ${supportedCompressions.join(", ")}`,
    );
  }
  try {
    return await algorithms[name as CompressionName].decompress(bytes, {
      maxOutputLength: Math.min(maxBytes, 2 ** 31 - 1),
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw new RpcError(Code.RESOURCE_EXHAUSTED, `the message decompresses to more than ${maxBytes} bytes`, { cause });
    }
    throw new RpcError(Code.INTERNAL, `the message is not valid ${name}`, { cause });
  }
}
