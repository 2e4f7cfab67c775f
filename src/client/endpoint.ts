import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../contract/contract.js";
import { parseAddress } from "../transport/address.js";
import type { Address, Channel, Transport } from "../transport/transport.js";

export interface EndpointOptions {
  readonly instance: Instance;
  readonly address: Address;
  readonly transport: Transport;
  /** Its connection broke, or stands again. */
  readonly onTurn: () => void;
}

/** One instance, where it is reached, and the channel there. */
export class Endpoint {
  readonly address: Address;
  readonly #options: EndpointOptions;
  #instance: Instance;
  #channel: Channel | undefined;
  #unfollow: (() => void) | undefined;
  #broken = false;

  constructor(options: EndpointOptions) {
    this.address = options.address;
    this.#instance = options.instance;
    this.#options = options;
  }

  get instance(): Instance {
    return this.#instance;
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** Opened when first asked for. */
  get channel(): Channel {
    this.#channel ??= this.#open();
    return this.#channel;
  }

  /**
   * The registry tells of it anew. Where it was broken it is connected to at once, and not when the backoff ends: it has
   * spoken to the registry, so it runs, perhaps after a restart.
   */
  become(instance: Instance): void {
    const news = this.#broken && instance.state !== "draining" && !isDeepStrictEqual(this.#instance, instance);
    this.#instance = instance;
    if (news) this.#channel?.connect();
  }

  /** Running calls are finished first. */
  async close(): Promise<void> {
    this.#unfollow?.();
    await this.#channel?.close();
  }

  /** Others may have used the connection before, and wait until they try again: whoever comes does not. */
  #open(): Channel {
    const channel = this.#options.transport.connect(this.address);
    this.#unfollow = channel.onState(() => this.#follow(channel));
    this.#follow(channel);
    if (this.#broken) channel.connect();
    return channel;
  }

  #follow({ state }: Channel): void {
    if ((state === "broken") === this.#broken) return;
    this.#broken = !this.#broken;
    this.#options.onTurn();
  }
}

/** The endpoint that the transport knows best; undefined where it knows none. */
export function addressFor({ endpoints }: Instance, { schemes }: Transport): Address | undefined {
  for (const scheme of schemes) {
    const address = endpoints.find((endpoint) => schemeOf(endpoint) === scheme);
    if (address !== undefined) return address;
  }
  return undefined;
}

/** Undefined for what is no address: one bad entry in a registry is no reason to fail. */
function schemeOf(endpoint: string): string | undefined {
  try {
    return parseAddress(endpoint).scheme;
  } catch {
    return undefined;
  }
}
