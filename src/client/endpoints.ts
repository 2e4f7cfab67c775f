import { type Call, type Closeable, type Instance, newInstanceId } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Registry, Snapshot, Watch } from "../registry/registry.js";
import type { CallInfo, Pick, Selector } from "../selector/selector.js";
import type { Clock } from "../time/time.js";
import { parseAddress } from "../transport/address.js";
import { CallGuard } from "../transport/call-guard.js";
import type { Channel, Transport } from "../transport/transport.js";

export interface EndpointsOptions {
  readonly transport: Transport;
  readonly selector: Selector;
  readonly clock: Clock;
}

/**
 * The client's picture of who can be called: keeps the channels of the instances that are there, lets go of those that
 * leave, and tells the selector which are worth a call. Snapshots come in at one end, picks go out at the other.
 */
export class Endpoints implements Closeable {
  readonly #options: EndpointsOptions;
  readonly #where: string;
  readonly #watch: Watch | undefined;
  #endpoints = new Map<string, Endpoint>();
  /** Instances the transport cannot reach; only for messages. */
  #unreachable = 0;
  #stale = false;
  /** What the selector chooses from. */
  #usable: readonly Instance[] = [];
  readonly #waiting = new Set<() => void>();
  #closing: Promise<void> | undefined;

  private constructor(where: string, options: EndpointsOptions, follow?: (endpoints: Endpoints) => Watch) {
    this.#where = where;
    this.#options = options;
    this.#watch = follow?.(this);
  }

  /** The instances of a service, followed in a registry. */
  static ofService(service: string, registry: Registry, options: EndpointsOptions): Endpoints {
    const where = `"${service}" in ${registry.name}`;
    return new Endpoints(where, options, (self) => registry.watch(service, (snapshot) => self.#replace(snapshot)));
  }

  /** One address, whoever is there. */
  static ofTarget(address: string, options: EndpointsOptions): Endpoints {
    const endpoints = new Endpoints(address, options);
    endpoints.#replace({ service: "", instances: [targetInstance(address)], stale: false });
    return endpoints;
  }

  /** Undefined where nobody is known, and once closed. */
  pick(call: CallInfo): Pick | undefined {
    return this.#closing === undefined ? this.#options.selector.pick(call) : undefined;
  }

  /** Whether there is somebody worth a call whose id is none of these. */
  hasOthers(ids: ReadonlySet<string>): boolean {
    return this.#usable.some(({ id }) => !ids.has(id));
  }

  channel(instance: Instance): Channel | undefined {
    const endpoint = this.#endpoints.get(instance.id);
    return endpoint === undefined ? undefined : this.#channelOf(endpoint);
  }

  /**
   * Resolves when somebody is known.
   *
   * @throws RpcError UNAVAILABLE when the deadline passes first, saying what is missing; FAILED_PRECONDITION once closed
   */
  known(call: Call): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(this.#closed());
    const { clock } = this.#options;
    const refusal = CallGuard.refusal(call, clock);
    if (refusal !== undefined) return Promise.reject(this.#nobody(refusal));
    return new Promise((resolve, reject) => {
      const guard = new CallGuard(call, clock, (error) => {
        this.#waiting.delete(wake);
        reject(this.#nobody(error));
      });
      const wake = (): void => {
        this.#waiting.delete(wake);
        guard.release();
        if (this.#closing === undefined) resolve();
        else reject(this.#closed());
      };
      this.#waiting.add(wake);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#watch?.close();
    const channels = [...this.#endpoints.values()].map((endpoint) => endpoint.channel?.close());
    this.#endpoints.clear();
    this.#refresh();
    for (const wake of [...this.#waiting]) wake();
    await Promise.all(channels);
  }

  #replace({ instances, stale }: Snapshot): void {
    if (this.#closing !== undefined) return;
    const before = this.#endpoints;
    const after = new Map<string, Endpoint>();
    this.#unreachable = 0;
    this.#stale = stale;
    for (const instance of instances) {
      const address = this.#reachable(instance);
      if (address === undefined) {
        this.#unreachable++;
        continue;
      }
      const known = before.get(instance.id);
      const same = known?.address === address;
      after.set(instance.id, { instance, address, channel: same ? known.channel : undefined });
      if (same) before.delete(instance.id);
    }
    this.#endpoints = after;
    for (const gone of before.values()) void gone.channel?.close();
    this.#refresh();
  }

  #reachable(instance: Instance): string | undefined {
    for (const scheme of this.#options.transport.schemes) {
      const address = instance.endpoints.find((endpoint) => schemeOf(endpoint) === scheme);
      if (address !== undefined) return address;
    }
    return undefined;
  }

  /** Whom to call: the serving before the starting, the sound before the broken, the draining never. */
  #refresh(): void {
    const present = [...this.#endpoints.values()].filter(({ instance }) => instance.state !== "draining");
    const serving = prefer(present, ({ instance }) => instance.state === "serving");
    const sound = prefer(serving, ({ channel }) => channel?.state !== "broken");
    this.#usable = sound.map(({ instance }) => instance);
    this.#options.selector.update(this.#usable);
    if (this.#usable.length > 0) for (const wake of [...this.#waiting]) wake();
  }

  /** Channels are opened when first picked. */
  #channelOf(endpoint: Endpoint): Channel {
    if (endpoint.channel === undefined) {
      const channel = this.#options.transport.connect(endpoint.address);
      channel.onState(() => this.#refresh());
      endpoint.channel = channel;
      if (channel.state === "broken") this.#refresh();
    }
    return endpoint.channel;
  }

  /** What went wrong while nobody was known: not that time ran out, but what was waited for. */
  #nobody(reason: RpcError): RpcError {
    if (reason.code === Code.CANCELLED) return reason;
    const known = this.#endpoints.size + this.#unreachable;
    const details = [
      `${known} registered`,
      ...(this.#unreachable > 0
        ? [`${this.#unreachable} without an endpoint for ${this.#options.transport.name}`]
        : []),
      ...(this.#stale ? ["the registry is away"] : []),
    ];
    const message = `no instance of ${this.#where} (${details.join(", ")}); did it start? try: hawser list`;
    return new RpcError(Code.UNAVAILABLE, message, { cause: reason, unprocessed: true });
  }

  #closed(): RpcError {
    return new RpcError(Code.FAILED_PRECONDITION, `the client of ${this.#where} is closed`);
  }
}

interface Endpoint {
  readonly instance: Instance;
  readonly address: string;
  channel: Channel | undefined;
}

/** Undefined for what is no address: one bad entry in a registry is no reason to fail. */
function schemeOf(endpoint: string): string | undefined {
  try {
    return parseAddress(endpoint).scheme;
  } catch {
    return undefined;
  }
}

/** Those that have the quality; all where none has it. */
function prefer<T>(all: readonly T[], quality: (each: T) => boolean): readonly T[] {
  const chosen = all.filter(quality);
  return chosen.length > 0 ? chosen : all;
}

function targetInstance(address: string): Instance {
  return {
    id: newInstanceId("target"),
    service: "",
    version: "",
    endpoints: [address],
    contracts: [],
    metadata: {},
    weight: 100,
    zone: "",
    state: "serving",
    startedAt: new Date(),
  };
}
