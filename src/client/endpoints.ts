import { type Call, type Closeable, type Instance, newInstanceId } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Registry, Snapshot, Watch } from "../registry/registry.js";
import type { CallInfo, Pick, Selector } from "../selector/selector.js";
import type { Clock } from "../time/time.js";
import type { Address, Channel, Transport } from "../transport/transport.js";
import { addressFor, Endpoint } from "./endpoint.js";
import { WaitingCalls } from "./waiting-calls.js";

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
  /** Undefined until the registry has answered. */
  #stale: boolean | undefined;
  /** What the selector chooses from. */
  #usable: readonly Instance[] = [];
  readonly #waiting: WaitingCalls;
  #closing: Promise<void> | undefined;

  private constructor(where: string, options: EndpointsOptions, follow?: (endpoints: Endpoints) => Watch) {
    this.#where = where;
    this.#options = options;
    this.#waiting = new WaitingCalls(options.clock, (reason) => this.#nobody(reason));
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
    return this.#endpoints.get(instance.id)?.channel;
  }

  /**
   * Resolves when somebody is known.
   *
   * @throws RpcError UNAVAILABLE when the deadline passes first, saying what is missing; FAILED_PRECONDITION once closed
   */
  known(call: Call): Promise<void> {
    return this.#closing === undefined ? this.#waiting.wait(call) : Promise.reject(this.#closed());
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
    const closed = [...this.#endpoints.values()].map((endpoint) => endpoint.close());
    this.#endpoints.clear();
    this.#refresh();
    this.#waiting.wake(this.#closed());
    await Promise.all(closed);
  }

  #replace({ instances, stale }: Snapshot): void {
    if (this.#closing !== undefined) return;
    const before = this.#endpoints;
    const after = new Map<string, Endpoint>();
    this.#unreachable = 0;
    this.#stale = stale;
    for (const instance of instances) {
      const address = addressFor(instance, this.#options.transport);
      if (address === undefined) {
        this.#unreachable++;
        continue;
      }
      const known = before.get(instance.id);
      if (known?.address === address) known.become(instance);
      after.set(instance.id, known?.address === address ? known : this.#endpoint(instance, address));
    }
    this.#endpoints = after;
    for (const [id, endpoint] of before) if (after.get(id) !== endpoint) void endpoint.close();
    this.#refresh();
  }

  #endpoint(instance: Instance, address: Address): Endpoint {
    return new Endpoint({ instance, address, transport: this.#options.transport, onTurn: () => this.#refresh() });
  }

  /**
   * Whom to call: the sound before the broken, of them the serving before the starting, the draining never. A connection
   * tells what is; a state, what was said.
   */
  #refresh(): void {
    const present = [...this.#endpoints.values()].filter(({ instance }) => instance.state !== "draining");
    const sound = prefer(present, ({ broken }) => !broken);
    const serving = prefer(sound, ({ instance }) => instance.state === "serving");
    this.#usable = serving.map(({ instance }) => instance);
    this.#options.selector.update(this.#usable);
    if (this.#usable.length > 0) this.#waiting.wake();
  }

  /** What went wrong while nobody was known: not that time ran out, but what was waited for. */
  #nobody(reason: RpcError): RpcError {
    if (reason.code === Code.CANCELLED) return reason;
    const message = `no instance of ${this.#where} (${this.#known()}); did it start? try: hawser list`;
    return new RpcError(Code.UNAVAILABLE, message, { cause: reason, unprocessed: true });
  }

  #known(): string {
    if (this.#stale === undefined) return "the registry has not answered yet";
    const known = this.#endpoints.size + this.#unreachable;
    const details = [
      `${known} registered`,
      ...(this.#unreachable > 0
        ? [`${this.#unreachable} without an endpoint for ${this.#options.transport.name}`]
        : []),
      ...(this.#stale ? ["the registry is away"] : []),
    ];
    return details.join(", ");
  }

  #closed(): RpcError {
    return new RpcError(Code.FAILED_PRECONDITION, `the client of ${this.#where} is closed`);
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
