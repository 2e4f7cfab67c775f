import { contentType } from "../grpc/content-type.js";
import { SharedChannel } from "../grpc/shared-channel.js";
import type { Share } from "../shared-by-address.js";
import type { Address, Channel } from "../transport.js";
import type { ChannelSettings } from "./channel-settings.js";
import type { Connection } from "./connection.js";
import type { ResolvedOptions } from "./options.js";
import { StreamCall } from "./stream-call.js";
import { UnaryCall } from "./unary-call.js";
import { writeWindowBytes } from "./write-window.js";

/** A channel whose calls run on grpc-js. */
export function grpcJsChannel(address: Address, connection: Share<Connection>, options: ResolvedOptions): Channel {
  const { codec, compressMinBytes, clock } = options;
  // grpc-js compresses aside: with more than one message under way a small one would overtake a large one.
  const windowBytes = options.compression === "identity" ? writeWindowBytes : 1;
  const settings: ChannelSettings = {
    address,
    codec,
    contentType: contentType(codec),
    compressMinBytes,
    windowBytes,
    clock,
  };
  return new SharedChannel({
    address,
    connector: connection,
    clock,
    start: (call, caller) => {
      const { channel } = connection.value;
      if (call.method.kind === "unary") new UnaryCall(call, channel, settings, caller).start();
      else new StreamCall(call, channel, settings, caller).start();
    },
  });
}
