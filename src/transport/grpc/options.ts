import type { Codec } from "../../codec/codec.js";
import { type Compression, supportedCompressions } from "../../codec/compression.js";
import { jsonCodec } from "../../codec/json.js";
import { protobufCodec } from "../../codec/protobuf.js";
import { type Clock, type Random, systemClock, systemRandom } from "../../time/time.js";
import { filled, mustBePositive, mustNotBeNegative } from "./option-checks.js";

/** PEM. */
type Pem = string | Buffer;

export interface TlsOptions {
  /** Whom to trust. Default: the roots Node trusts. */
  readonly ca?: Pem;
  /** This side's certificate chain and key. A server needs both; a client where the server asks for one (mTLS). */
  readonly cert?: Pem;
  readonly key?: Pem;
  /** Server: refuse clients without a certificate signed by `ca`, which it needs. Default: false. */
  readonly requireClientCert?: boolean;
  /** Client: the name to expect in the server's certificate. Default: the host of the address. */
  readonly serverName?: string;
}

/** What every gRPC transport over sockets can be told. */
export interface GrpcOptions {
  /** For `grpcs://` addresses. A server that listens on one needs `cert` and `key`. */
  readonly tls?: TlsOptions;
  /** How this side writes requests. A server answers in the codec it is asked in. Default: protobuf. */
  readonly codec?: Codec;
  /** What a server understands. Default: protobuf and JSON. */
  readonly codecs?: readonly Codec[];
  /** How messages are compressed when sent; whatever the other side sends is understood. Default: `identity`. */
  readonly compression?: Compression;
  /** Smaller messages are sent as they are: compressing them costs more than it saves. Default: 1024. */
  readonly compressMinBytes?: number;
  /** A larger message ends its call with RESOURCE_EXHAUSTED, before or while it unfolds. Default: 4 MiB. */
  readonly maxReceiveBytes?: number;
  /** The same for messages sent. Default: no limit. */
  readonly maxSendBytes?: number;
  /** How long a connection may take, in ms. Default: 5000. */
  readonly connectTimeoutMs?: number;
  /** The first wait between two attempts to connect, doubled up to the maximum, jittered. Default: 100. */
  readonly reconnectInitialMs?: number;
  /** Default: 5000. */
  readonly reconnectMaxMs?: number;
  /**
   * How long a connection may be silent while calls run before it is probed, in ms, and how often then. 0 turns it off.
   * Default: 10 000. Over `http2` a server that does not say how often it may be probed is probed as often as is given here,
   * and by default as seldom as gRPC's own servers allow: see docs/wire.md.
   */
  readonly keepaliveMs?: number;
  /** How long a probe may stay unanswered before the connection counts as broken. Default: 5000. */
  readonly keepaliveTimeoutMs?: number;
  /** Server: calls at once on one connection. Default: 1000. */
  readonly maxConcurrentStreams?: number;
  /** Server: the size of all header fields of a call. Default: 16 KiB. */
  readonly maxHeaderBytes?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

export type ResolvedGrpcOptions = Required<Omit<GrpcOptions, "tls">> & { readonly tls: TlsOptions };

const defaults: ResolvedGrpcOptions = {
  tls: {},
  codec: protobufCodec,
  codecs: [protobufCodec, jsonCodec],
  compression: "identity",
  compressMinBytes: 1024,
  maxReceiveBytes: 4 * 1024 * 1024,
  maxSendBytes: Number.POSITIVE_INFINITY,
  connectTimeoutMs: 5000,
  reconnectInitialMs: 100,
  reconnectMaxMs: 5000,
  keepaliveMs: 10_000,
  keepaliveTimeoutMs: 5000,
  maxConcurrentStreams: 1000,
  maxHeaderBytes: 16 * 1024,
  clock: systemClock,
  random: systemRandom,
};

/** Fills the defaults. @throws TypeError or RangeError that names the option, its value and what is allowed */
export function resolveGrpcOptions(options: GrpcOptions): ResolvedGrpcOptions {
  const resolved: ResolvedGrpcOptions = filled(defaults, options);
  if (!supportedCompressions.includes(resolved.compression)) {
    throw new TypeError(
      `compression: expected ${supportedCompressions.join(", ")}, was ${JSON.stringify(resolved.compression)}`,
    );
  }
  mustBePositive(resolved, [
    "maxReceiveBytes",
    "maxSendBytes",
    "connectTimeoutMs",
    "reconnectInitialMs",
    "reconnectMaxMs",
    "keepaliveTimeoutMs",
    "maxConcurrentStreams",
    "maxHeaderBytes",
  ]);
  mustNotBeNegative(resolved, ["compressMinBytes", "keepaliveMs"]);
  if (resolved.codecs.length === 0) throw new TypeError("codecs: a server understands at least one");
  if ((resolved.tls.cert === undefined) !== (resolved.tls.key === undefined)) {
    throw new TypeError("tls: cert and key belong together; give both or neither");
  }
  if (resolved.tls.requireClientCert === true && resolved.tls.ca === undefined) {
    throw new TypeError("tls: requireClientCert needs ca: whom to trust");
  }
  return resolved;
}
