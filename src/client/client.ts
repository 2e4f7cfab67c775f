/**
 * Calls, composed: contract, middleware, retry, registry, selector and transport become typed methods.
 *
 * Promises: every call ends, with a response or an `RpcError`, by its deadline at the latest; a call made inside a
 * handler ends with that handler's call; a call that no handler saw goes elsewhere by itself. Closing lets running calls
 * finish.
 */
import {
  type Client,
  type Closeable,
  type Middleware,
  methodsOf,
  type ServiceDefinition,
} from "../contract/contract.js";
import { compose, type RetryOptions, retry } from "../middleware/middleware.js";
import type { Registry } from "../registry/registry.js";
import { leastLoaded } from "../selector/least-loaded.js";
import type { SelectorFactory } from "../selector/selector.js";
import { type Clock, systemClock } from "../time/time.js";
import { parseAddress } from "../transport/address.js";
import type { Transport } from "../transport/transport.js";
import { attempts } from "./attempt.js";
import { Endpoints, type EndpointsOptions } from "./endpoints.js";
import { surface } from "./surface.js";

export interface ClientBaseOptions {
  readonly transport: Transport;
  /** How an instance is chosen. Default: `leastLoaded()`. */
  readonly selector?: SelectorFactory;
  /** Around the whole call, retries included; the first is the outermost. */
  readonly middleware?: readonly Middleware[];
  /** Around each attempt, with `call.instance` and `call.attempt` known; the first is the outermost. */
  readonly attemptMiddleware?: readonly Middleware[];
  /** `false` turns repeating off. Default: see `RetryOptions`. */
  readonly retry?: RetryOptions | false;
  /** How long a unary call may take where nobody says otherwise, in ms. Default: 5000. `Infinity` waits for ever. */
  readonly timeoutMs?: number;
  /** How much earlier than its caller's a call's deadline is, in ms, so that an answer can still be given. Default: 5. */
  readonly deadlineMarginMs?: number;
  readonly clock?: Clock;
}

/** A service in a registry. */
export interface ServiceTarget {
  readonly registry: Registry;
  /** The name it registered under. */
  readonly service: string;
  readonly target?: never;
}

/** One address, whoever is there. */
export interface AddressTarget {
  /** `grpc://127.0.0.1:50051` */
  readonly target: string;
  readonly registry?: never;
  readonly service?: never;
}

export type ClientOptions = ClientBaseOptions & (ServiceTarget | AddressTarget);

/** A typed client that can be closed; where a contract has a method of its own called `close`, that one is it. */
export type ClosableClient<D extends ServiceDefinition> = Client<D> &
  Omit<Closeable, keyof Client<D>> &
  AsyncDisposable;

/**
 * Makes a client of a contract. Begins no work but following the registry.
 *
 * @throws TypeError or RangeError for an option that cannot be, naming it
 * @example
 * const greeter = createClient(GreeterServiceDefinition, { target: "grpc://127.0.0.1:50051", transport: http2Transport() });
 * const { text } = await greeter.sayHello({ name: "Ada" });
 */
export function createClient<D extends ServiceDefinition>(definition: D, options: ClientOptions): ClosableClient<D> {
  const { transport, timeoutMs = 5000, deadlineMarginMs = 5, clock = systemClock } = options;
  const selector = options.selector ?? leastLoaded({ clock });
  if (transport === undefined) throw new TypeError("transport: required, e.g. http2Transport()");
  checkClientOptions(options);
  const methods = methodsOf(definition);
  const endpoints = openEndpoints(options, { transport, selector: selector(), clock });
  const retries = options.retry === false ? [] : [retry({ clock, ...options.retry })];
  const invoke = compose(
    [...(options.middleware ?? []), ...retries],
    attempts(endpoints, options.attemptMiddleware ?? []),
  );

  const close = (): Promise<void> => endpoints.close();
  const client: { [name: string | symbol]: unknown } = { close, [Symbol.asyncDispose]: close };
  for (const method of methods)
    client[method.localName] = surface({ method, invoke, timeoutMs, deadlineMarginMs, clock });
  return client as ClosableClient<D>;
}

/**
 * Looks over what can be judged before there is anybody to call.
 *
 * @throws TypeError or RangeError for an option that cannot be, naming it
 */
export function checkClientOptions(options: Omit<ClientBaseOptions, "transport">): void {
  const { timeoutMs = 5000, deadlineMarginMs = 5, middleware = [], attemptMiddleware = [] } = options;
  if (!(timeoutMs > 0)) throw new RangeError(`timeoutMs: must be positive, was ${timeoutMs}`);
  if (!(deadlineMarginMs >= 0)) throw new RangeError(`deadlineMarginMs: must be 0 or more, was ${deadlineMarginMs}`);
  if (options.retry) retry(options.retry);
  checkMiddleware("middleware", middleware);
  checkMiddleware("attemptMiddleware", attemptMiddleware);
}

function checkMiddleware(option: string, middleware: readonly Middleware[]): void {
  if (Array.isArray(middleware) && middleware.every((each) => typeof each === "function")) return;
  throw new TypeError(`${option}: expected a list of functions`);
}

function openEndpoints(options: ClientOptions, endpointsOptions: EndpointsOptions): Endpoints {
  const { registry, service, target, transport } = options;
  if (target === undefined) {
    if (registry !== undefined && service) return Endpoints.ofService(service, registry, endpointsOptions);
    throw new TypeError(
      'createClient: give registry and service (the name it registered under), or target ("grpc://host:port")',
    );
  }
  if (registry !== undefined) throw new TypeError("createClient: give a registry or a target, not both");
  const { scheme } = parseAddress(target);
  if (transport.schemes.includes(scheme)) return Endpoints.ofTarget(target, endpointsOptions);
  const known = transport.schemes.map((each) => `${each}://`).join(", ");
  throw new TypeError(`target "${target}": the ${transport.name} transport reaches ${known}`);
}
