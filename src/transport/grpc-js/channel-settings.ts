import type { Codec } from "../../codec/codec.js";
import type { Clock } from "../../time/time.js";
import type { Address } from "../transport.js";

/** What every call of a channel shares. */
export interface ChannelSettings {
  readonly address: Address;
  readonly codec: Codec;
  readonly contentType: string;
  readonly compressMinBytes: number;
  readonly clock: Clock;
}
