import type { Clock } from "../../../time/time.js";

/** What a connection is run with; all of it is decided by whoever opens it. */
export interface ConnectionOptions {
  /** Of all header fields of one call, in bytes as HPACK counts. */
  readonly maxHeaderBytes: number;
  /** Server: calls at once. */
  readonly maxConcurrentStreams: number;
  /** How long the connection may be silent while calls run before it is probed, in ms; 0 for ever. */
  readonly keepaliveMs: number;
  /** Client: a server that does not say how often it may be probed is probed as seldom as gRPC's own servers allow. */
  readonly probesSparingly: boolean;
  /** How long a probe, or our SETTINGS, may stay unanswered, in ms. */
  readonly keepaliveTimeoutMs: number;
  /** Server: PINGs of a client that come more often than this, in ms, are strikes; 0 allows all. */
  readonly minPingIntervalMs: number;
  /** Names of header fields whose values never enter a table. */
  readonly sensitive: ReadonlySet<string>;
  readonly clock: Clock;
}
