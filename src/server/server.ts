/**
 * Handlers, composed: contracts and middleware become something a transport can serve, with health and reflection beside
 * them.
 *
 * Promises: a handler's failure never ends the process nor leaks what it said, unless it threw an `RpcError`; a stop
 * refuses new calls such that their callers may go elsewhere, and lets running ones finish. Signals are not its business.
 */
import {
  type Closeable,
  type HandlerCall,
  type Handlers,
  type Invoke,
  type Logger,
  type Middleware,
  runInCall,
  type ServiceDefinition,
  silentLogger,
} from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";
import { HealthDefinition } from "../gen/grpc/health/v1/health.js";
import { ServerReflectionDefinition } from "../gen/grpc/reflection/v1/reflection.js";
import { ServerReflectionDefinition as ServerReflectionV1AlphaDefinition } from "../gen/grpc/reflection/v1alpha/reflection.js";
import { compose } from "../middleware/middleware.js";
import type { Clock } from "../time/time.js";
import { parseAddress } from "../transport/address.js";
import type { Address, Listener, Router, Transport } from "../transport/transport.js";
import { type Route, routes } from "./handlers.js";
import { Health } from "./health.js";
import { reflection } from "./reflection.js";
import { shield } from "./shield.js";

export { Health, type ServingStatus, statusAgeKey } from "./health.js";

export interface ServerOptions {
  readonly transport: Transport;
  /** Where to listen: `grpc://127.0.0.1:50051`; port 0 takes a free one. Several where one server is to be reached by several. */
  readonly address: Address | readonly Address[];
  /** Around every call; the first is the outermost. */
  readonly middleware?: readonly Middleware[];
  /** Serve `grpc.health.v1`. Default: true. */
  readonly health?: boolean;
  /** Serve `grpc.reflection` v1 and v1alpha, for grpcurl and `hawser call`. Default: true. */
  readonly reflection?: boolean;
  /** Where failures nobody named are told whole. Default: nowhere. */
  readonly logger?: Logger;
  /** Times how long a health has been so. Default: the machine's. */
  readonly clock?: Clock;
}

export interface Server extends Closeable {
  /** Where it listens, with the port that was bound; the first where there are several. @throws Error before `start()` */
  readonly address: Address;
  /** Everywhere it listens. @throws Error before `start()` */
  readonly addresses: readonly Address[];
  /** Full names of the contracts that were added. */
  readonly contracts: readonly string[];
  readonly health: Health;
  /** Serves one more contract. @throws TypeError where contract and handlers do not match, or it was added before */
  add<D extends ServiceDefinition>(definition: D, handlers: Handlers<D>): this;
  /** Resolves once it listens. @throws Error once closed; RpcError UNAVAILABLE where the address cannot be had */
  start(): Promise<void>;
  /** Says NOT_SERVING of all but the process, and refuses new calls; running ones go on. */
  drain(): void;
  /** Drains, waits for running calls, cancels those that take longer than `graceMs` (default: 25 000), and closes. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Makes a server. Begins no work before `start()`. @throws TypeError for an option that cannot be, naming it */
export function createServer(options: ServerOptions): Server {
  if (options.transport === undefined) throw new TypeError("transport: required, e.g. http2Transport()");
  const addresses = [options.address ?? []].flat();
  if (addresses.length === 0 || addresses.some((address) => typeof address !== "string"))
    throw new TypeError('address: required, e.g. "grpc://127.0.0.1:50051"');
  const { name, schemes } = options.transport;
  for (const address of addresses) {
    if (schemes.includes(parseAddress(address).scheme)) continue;
    const known = schemes.map((each) => `${each}://`).join(", ");
    throw new TypeError(`address ${JSON.stringify(address)}: the ${name} transport serves ${known}`);
  }
  return new ComposedServer(options, addresses);
}

class ComposedServer implements Server {
  readonly health: Health;
  /** Until it listens. */
  readonly #release: () => void;
  readonly #options: ServerOptions;
  readonly #logger: Logger;
  readonly #routes = new Map<string, Route>();
  readonly #definitions: ServiceDefinition[] = [];
  readonly #contracts: string[] = [];
  readonly #wanted: readonly Address[];
  #listeners: readonly Listener[] = [];
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ServerOptions, addresses: readonly Address[]) {
    this.health = new Health(options.clock);
    this.#release = this.health.hold();
    this.#options = options;
    this.#wanted = addresses;
    this.#logger = options.logger ?? silentLogger;
    if (options.health !== false) {
      this.#serve(HealthDefinition, this.health.handlers());
    }
    if (options.reflection !== false) {
      const handlers = reflection(() => this.#definitions);
      this.#serve(ServerReflectionDefinition, handlers);
      this.#serve(ServerReflectionV1AlphaDefinition, handlers);
    }
  }

  get address(): Address {
    return this.addresses[0] as Address;
  }

  get addresses(): readonly Address[] {
    if (this.#listeners.length === 0) throw new Error("the server has no address before start()");
    return this.#listeners.map(({ address }) => address);
  }

  get contracts(): readonly string[] {
    return this.#contracts;
  }

  add<D extends ServiceDefinition>(definition: D, handlers: Handlers<D>): this {
    if (this.#starting !== undefined) throw new Error(`${definition.fullName}: contracts are added before start()`);
    this.#serve(definition, handlers);
    this.#contracts.push(definition.fullName);
    this.health.add(definition.fullName);
    return this;
  }

  start(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new Error("the server is closed; make a new one"));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  drain(): void {
    this.health.drain();
    for (const listener of this.#listeners) listener.drain();
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? 25_000);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { middleware = [] } = this.#options;
    const methods = new Map([...this.#routes].map(([path, { method }]) => [path, method]));
    const handle = compose([shield(this.#logger), ...middleware], (call) =>
      (this.#routes.get(call.method.path) as Route).invoke(call),
    );
    // Middleware too is in the call that came, and never in the caller's, which may be of this process.
    const invoke: Invoke = (call) => runInCall(call, handle, call);
    const onFault = (error: RpcError, call?: HandlerCall): void => {
      const where = call === undefined ? {} : { "rpc.method": call.method.fullName };
      this.#logger.error({ err: error.cause ?? error, ...where }, error.message);
    };
    this.#listeners = await this.#listen({ methods, invoke, onFault });
    if (this.#options.health !== false) {
      this.health.set(HealthDefinition.fullName, "SERVING"); // for who wants to know of the process, however its services are
    }
    this.#release();
  }

  /** At all addresses or at none. */
  async #listen(router: Router): Promise<readonly Listener[]> {
    const listeners: Listener[] = [];
    try {
      for (const address of this.#wanted) listeners.push(await this.#options.transport.listen(address, router));
      return listeners;
    } catch (error) {
      await Promise.all(listeners.map((listener) => listener.close()));
      throw error;
    }
  }

  async #close(graceMs: number): Promise<void> {
    await this.#starting?.catch(() => {});
    this.drain();
    this.health.close();
    await Promise.all(this.#listeners.map((listener) => listener.close({ graceMs })));
  }

  #serve<D extends ServiceDefinition>(definition: D, handlers: Handlers<D>): void {
    if (this.#definitions.some(({ fullName }) => fullName === definition.fullName)) {
      throw new TypeError(`${definition.fullName} was added before; a server has one implementation of a contract`);
    }
    for (const route of routes(definition, handlers, this.#logger)) this.#routes.set(route.method.path, route);
    this.#definitions.push(definition);
  }
}
