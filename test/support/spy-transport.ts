import { type Clock, systemClock } from "../../src/time/time.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Address, Channel, Listener, Router, Transport } from "../../src/transport/transport.js";

/** The network in memory, which remembers what channels were opened and closed. */
export class SpyTransport implements Transport {
  readonly name = "spy";
  readonly schemes = ["memory"];
  /** In order. */
  readonly opened: Address[] = [];
  readonly closed: Address[] = [];
  readonly #inner: Transport;

  constructor(clock: Clock = systemClock) {
    this.#inner = memoryTransport({ clock });
  }

  connect(address: Address): Channel {
    this.opened.push(address);
    const channel = this.#inner.connect(address);
    const close = channel.close.bind(channel);
    channel.close = () => {
      this.closed.push(address);
      return close();
    };
    return channel;
  }

  listen(address: Address, router: Router): Promise<Listener> {
    return this.#inner.listen(address, router);
  }
}
