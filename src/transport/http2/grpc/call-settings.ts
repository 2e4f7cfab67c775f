import type { Codec } from "../../../codec/codec.js";
import type { Compression } from "../../../codec/compression.js";
import type { Clock } from "../../../time/time.js";
import { contentType } from "../../grpc/content-type.js";
import { authorityOf, isTls, parseEndpoint } from "../../grpc/endpoint.js";
import type { Address } from "../../transport.js";

/** What messages are sent and received with, on either side. */
export interface MessageSettings {
  readonly compression: Compression;
  readonly compressMinBytes: number;
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  readonly clock: Clock;
}

/** What every call of a channel shares. */
export interface CallSettings extends MessageSettings {
  readonly address: Address;
  readonly codec: Codec;
  /** `content-type` of requests. */
  readonly contentType: string;
  /** `:scheme` and `:authority`. */
  readonly scheme: "http" | "https";
  readonly authority: string;
}

/**
 * A unix socket is no name of a host: its calls go to `localhost`, as those of other gRPC clients do.
 *
 * @param serverName whom the calls are for, where the address does not say it
 */
export function callSettings(
  address: Address,
  codec: Codec,
  settings: MessageSettings,
  serverName?: string,
): CallSettings {
  const endpoint = parseEndpoint(address, "http2");
  const { compression, compressMinBytes, maxReceiveBytes, maxSendBytes, clock } = settings;
  return {
    ...{ compression, compressMinBytes, maxReceiveBytes, maxSendBytes, clock },
    address,
    codec,
    contentType: contentType(codec),
    scheme: isTls(endpoint) ? "https" : "http",
    authority: serverName ?? (endpoint.port === undefined ? "localhost" : authorityOf(endpoint)),
  };
}

/** What every call of a listener shares. */
export interface ServingSettings extends MessageSettings {
  readonly codecs: readonly Codec[];
}
