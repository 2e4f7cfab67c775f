import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { filled, mustBeCount, mustBePositive, mustNotBeNegative } from "../grpc/option-checks.js";
import { type GrpcOptions, type ResolvedGrpcOptions, resolveGrpcOptions } from "../grpc/options.js";
import type { ConnectionOptions } from "./connection/connection-options.js";
import { sensitiveFields } from "./hpack/hpack.js";

export interface Http2TransportOptions extends GrpcOptions {
  /**
   * Client: connections to one address. Another is opened where calls wait because the server takes no more at once on
   * those that stand; it stays as long as the channel. Default: 1, for one carries as many calls as a server cares to run.
   */
  readonly maxConnectionsPerAddress?: number;
  /**
   * Names of metadata that never enters a header table, neither ours nor a proxy's: what is in one can be guessed at by
   * who may send over the same connection (RFC 7541 §7.1). Besides `authorization`, `proxy-authorization`, `cookie` and
   * `set-cookie`, which never do. Default: none.
   */
  readonly sensitiveMetadata?: readonly string[];
  /** Server: sockets at once; further ones are closed as they come. Default: Infinity. */
  readonly maxConnections?: number;
  /** Server: a connection without calls for so long, in ms, is closed. Default: Infinity, as gRFC A9. */
  readonly maxConnectionIdleMs?: number;
  /**
   * Server: a connection takes no further calls after so long, in ms ±10 %, so that clients spread anew behind a
   * balancer of connections. Default: Infinity, as gRFC A9.
   */
  readonly maxConnectionAgeMs?: number;
  /** Server: how long the calls of an old connection may go on, in ms, before it is cut. Default: Infinity, as gRFC A9. */
  readonly maxConnectionAgeGraceMs?: number;
  /**
   * Server: how long a client may take for TLS and the first words of HTTP/2 together, in ms; its SETTINGS have
   * `keepaliveTimeoutMs`. Who is slower is cut off: connections nobody uses are the cheapest attack. Default: 10 000.
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * Server: PINGs that come more often than this, in ms, while nothing else is sent, are strikes; the third ends the
   * connection with `too_many_pings` (gRFC A8). 0 allows all. Default: 5000, half of what gRPC lets a client ask for at
   * most (A8: 10 s) and what etcd allows; gRPC's own default of 5 minutes would cut off clients that probe a silent
   * connection every 10 s while calls run, as ours do.
   */
  readonly minPingIntervalMs?: number;
  /**
   * Server: is given connections on which HTTP/1.x is spoken, nothing of it consumed: `(socket) => httpServer.emit(
   * "connection", socket)`. From then on they are the application's, time limits included: a server of Node's that does
   * not listen itself looks after its `headersTimeout` and `requestTimeout` only once it is told `emit("listening")`.
   * Closing the listener waits for them as for calls. Where this throws, the connection is closed and the process warned
   * (`process.emitWarning`). Default: they are answered 505 and closed.
   */
  readonly onHttp1?: (socket: Socket) => void;
}

type Own = Required<Omit<Http2TransportOptions, keyof GrpcOptions | "onHttp1">>;

export type ResolvedOptions = ResolvedGrpcOptions &
  Own &
  Pick<Http2TransportOptions, "onHttp1"> & {
    /** Nobody said how often servers are to be probed. */
    readonly probesSparingly: boolean;
  };

const defaults: Own = {
  maxConnectionsPerAddress: 1,
  sensitiveMetadata: [],
  maxConnections: Number.POSITIVE_INFINITY,
  maxConnectionIdleMs: Number.POSITIVE_INFINITY,
  maxConnectionAgeMs: Number.POSITIVE_INFINITY,
  maxConnectionAgeGraceMs: Number.POSITIVE_INFINITY,
  handshakeTimeoutMs: 10_000,
  minPingIntervalMs: 5000,
};

const fieldName = /^[0-9a-z_.-]+$/;

/** Fills the defaults. @throws TypeError or RangeError that names the option, its value and what is allowed */
export function resolveOptions(options: Http2TransportOptions): ResolvedOptions {
  const resolved: ResolvedOptions = {
    ...filled(defaults, options),
    ...resolveGrpcOptions(options),
    probesSparingly: options.keepaliveMs === undefined,
  };
  mustBePositive(resolved, ["maxConnectionIdleMs", "maxConnectionAgeMs", "handshakeTimeoutMs"]);
  mustNotBeNegative(resolved, ["maxConnectionAgeGraceMs", "minPingIntervalMs"]);
  mustBeCount(resolved, ["maxConnections", "maxConnectionsPerAddress"]);
  if (!Array.isArray(resolved.sensitiveMetadata)) {
    throw new TypeError(`sensitiveMetadata: must be an array of names, was ${typeof resolved.sensitiveMetadata}`);
  }
  for (const name of resolved.sensitiveMetadata) {
    if (fieldName.test(name)) continue;
    throw new TypeError(
      `sensitiveMetadata: ${JSON.stringify(name)} is no name of metadata: a-z, 0-9, "_", "." and "-"`,
    );
  }
  if (resolved.onHttp1 !== undefined && typeof resolved.onHttp1 !== "function") {
    throw new TypeError(`onHttp1: must be a function, was ${typeof resolved.onHttp1}`);
  }
  checkTls(resolved);
  return resolved;
}

/** A certificate that cannot be read is found out now, not by the first connection. */
function checkTls({ tls: { ca, cert, key } }: ResolvedOptions): void {
  if (ca === undefined && cert === undefined) return;
  try {
    if (ca !== undefined) new X509Certificate(ca); // of authorities it cannot read OpenSSL says nothing
    createSecureContext({ ca, cert, key });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") throw new TypeError("tls: key is not that of cert", { cause });
    throw new TypeError(`tls: ca, cert and key must be PEM: ${message}`, { cause });
  }
}

/** To be made once for many connections. */
export function connectionOptions(options: ResolvedOptions): ConnectionOptions {
  const { maxHeaderBytes, maxConcurrentStreams, keepaliveMs, keepaliveTimeoutMs, minPingIntervalMs, clock } = options;
  return {
    maxHeaderBytes: setting(maxHeaderBytes),
    maxConcurrentStreams: setting(maxConcurrentStreams),
    keepaliveMs,
    probesSparingly: options.probesSparingly,
    keepaliveTimeoutMs,
    minPingIntervalMs: setting(minPingIntervalMs),
    sensitive: sensitiveFields(options.sensitiveMetadata),
    clock,
  };
}

/** As SETTINGS can say it: a whole number of 32 bits. */
function setting(value: number): number {
  return Math.min(Math.ceil(value), 2 ** 32 - 1);
}
