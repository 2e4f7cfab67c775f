import type { Codec } from "../../codec/codec.js";
import type { Clock } from "../../time/time.js";
import type { Address } from "../transport.js";

/** What every call of a channel shares. */
export interface ChannelSettings {
  readonly address: Address;
  readonly codec: Codec;
  readonly contentType: string;
  readonly compressMinBytes: number;
  /** How far a stream of requests may be ahead of the connection. */
  readonly windowBytes: number;
  readonly clock: Clock;
}
