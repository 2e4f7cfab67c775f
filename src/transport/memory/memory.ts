import { Code, RpcError } from "../../errors/errors.js";
import { type Clock, systemClock } from "../../time/time.js";
import { parseAddress } from "../address.js";
import type { Address, Channel, Listener, Router, Transport } from "../transport.js";
import { MemoryChannel } from "./channel.js";
import { MemoryListener } from "./listener.js";
import { MemoryNetwork } from "./network.js";

export interface MemoryTransportOptions {
  /** The largest message either side takes, in bytes of protobuf. Default: 4 MiB. */
  readonly maxReceiveBytes?: number;
  readonly clock?: Clock;
}

/**
 * Calls within this process. Everything a wire does happens here too, but the wire: messages are copied by their own
 * `encode` and `decode`, metadata is copied, errors lose their cause, deadlines and cancellation travel. Each value is a
 * network of its own.
 */
export function memoryTransport(options: MemoryTransportOptions = {}): Transport {
  const { maxReceiveBytes = 4 * 1024 * 1024, clock = systemClock } = options;
  if (!(maxReceiveBytes > 0)) throw new RangeError(`maxReceiveBytes: must be positive, was ${maxReceiveBytes}`);
  const network = new MemoryNetwork();

  return {
    name: "memory",
    schemes: ["memory"],
    connect(address: Address): Channel {
      return new MemoryChannel(address, hostOf(address), network, { maxReceiveBytes, clock });
    },
    async listen(address: Address, router: Router): Promise<Listener> {
      const host = hostOf(address);
      if (network.find(host) !== undefined)
        throw new RpcError(Code.UNAVAILABLE, `${address} is taken: another server listens there`);
      const listener = new MemoryListener(address, router, clock, {
        drained: () => network.changed(host),
        closed: () => network.leave(host),
      });
      network.join(host, listener);
      return listener;
    },
  };
}

function hostOf(address: Address): string {
  const { scheme, host } = parseAddress(address);
  if (scheme !== "memory")
    throw new TypeError(`address ${JSON.stringify(address)}: this transport serves memory://<name>`);
  return host;
}
