import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ClientBaseOptions } from "../client/client.js";
import type { Client, Handlers, Logger, Middleware, ServiceDefinition } from "../contract/contract.js";
import type { ServingStatus } from "../server/server.js";
import type { Clock } from "../time/time.js";

/** Something to be done at a moment of a service's life; who waits for that moment waits for it. */
export type Hook = () => unknown;

/** `auto`: in this process where it runs here, else wherever it is found. `local`: here only. `remote`: over the wire, even to one that runs here. */
export type Placement = "auto" | "local" | "remote";

/** One contract, or several by names of one's own; a service with none is called by nobody, and does its work by itself. */
export type ContractSpec = ServiceDefinition | { readonly [name: string]: ServiceDefinition } | undefined;

/** What `setup` gives back: the handlers of the contract, or those of each of them by its name. */
export type HandlersOf<C extends ContractSpec> = C extends ServiceDefinition
  ? Handlers<C>
  : C extends { readonly [name: string]: ServiceDefinition }
    ? { readonly [Name in keyof C]: Handlers<C[Name]> }
    : void;

/** What can be said of a need beside its contract. */
export interface NeedOptions<D extends ServiceDefinition = ServiceDefinition>
  extends Omit<ClientBaseOptions, "transport" | "clock"> {
  readonly contract: D;
  /** The name it registers under. Default: the name of the need. */
  readonly service?: string;
  /** It is no service of this app: only its contract and its name in the registry are known. Default: false. */
  readonly external?: boolean;
  /** Where its calls go. Default: `auto`. */
  readonly placement?: Placement;
}

export type NeedSpec = ServiceDefinition | NeedOptions;

/** What one service needs of another; nothing is left to choose. */
export interface Need {
  /** As `setup` calls it. */
  readonly name: string;
  readonly contract: ServiceDefinition;
  /** As it registers. */
  readonly service: string;
  readonly external: boolean;
  readonly placement: Placement;
  /** For its client. */
  readonly options: Omit<ClientBaseOptions, "transport" | "clock">;
}

export type NeedsSpec = { readonly [name: string]: NeedSpec };

type ContractOf<N extends NeedSpec> = N extends ServiceDefinition ? N : N extends NeedOptions<infer D> ? D : never;

/** A typed client for each need. */
export type NeedsOf<N extends NeedsSpec> = { readonly [Name in keyof N]: Client<ContractOf<N[Name]>> };

/** A server of another kind that belongs to the service: HTTP, a queue's consumer. Starts before the service is found, ends with it. */
export interface OwnedListener {
  /** For messages: `http`. */
  readonly name: string;
  /** Resolves once it listens, with its endpoint (`http://127.0.0.1:8080`) where the registry shall know it. */
  start(): Promise<string | undefined>;
  /** Takes nothing new, finishes what runs, and closes; called for every one that was started, whatever came of that. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** What a service tells of itself to whoever asks by `grpc.health.v1`: probes, load balancers, `hawser health`. */
export interface ServiceHealth {
  /**
   * Of all of it, its contracts and its server; stands from ready until the next word or the stop. Where nothing is said it is
   * SERVING then, and NOT_SERVING before and after, whatever is said. Keeps no calls away by itself: callers find a service by the registry.
   */
  set(status: ServingStatus): void;
}

/** What `setup` is given: everything a service has, and nothing else is in reach. */
export interface SetupContext<N extends NeedsSpec = NeedsSpec, Config = unknown> {
  readonly name: string;
  /** Clients of what it needs. Deadline, cancellation, trace and metadata of the call being handled go along. */
  readonly needs: NeedsOf<N>;
  /** As the schema gave it. */
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly health: ServiceHealth;
  /** Disposes of it after the stop, the last first; also where `setup` fails. Gives it back. */
  use<T extends Disposable | AsyncDisposable>(resource: T): T;
  /** Something else to be done then. */
  defer(teardown: Hook): void;
  /** Once the service can be found and called. Where it fails, so does the start. */
  onReady(hook: Hook): void;
  /** When the stop begins: others are told, calls still come. */
  onDrain(hook: Hook): void;
  /** When the last call is over; `needs` can still be called. */
  onStop(hook: Hook): void;
  /**
   * Work beside the calls, from ready until the stop begins: `signal` aborts then, and the stop waits for it. It may end
   * before. Where it fails, `failure` of the running app says so, and the service goes on: `hawser run`, `up` and `start` stop all
   * of the process and end it then, to be started again by whoever watches it; after `startApp` that is its caller's choice.
   */
  background(name: string, task: (signal: AbortSignal) => Promise<unknown>): void;
  /** Makes a server of another kind a part of this service: see `httpListener()`. */
  listen(listener: OwnedListener): void;
}

export interface ServiceDefinitionOptions<
  Name extends string = string,
  C extends ContractSpec = ContractSpec,
  N extends NeedsSpec = NeedsSpec,
  S extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
> {
  /** What others find it by: lower case, digits and dashes. */
  readonly name: Name;
  /** Default: `0.0.0`. */
  readonly version?: string;
  /** Generated by `buf generate`. */
  readonly contract?: C;
  /** What it calls: a contract by the name of its service, or more words about it. Those of the app start before it. */
  readonly needs?: N;
  /** zod, or anything that speaks Standard Schema. Values: `docs/config.md`. */
  readonly config?: S;
  /** Around every call that comes in; the first is the outermost. */
  readonly middleware?: readonly Middleware[];
  /** Labels for routing and for people. */
  readonly metadata?: { readonly [key: string]: string };
  /** Makes the handlers. Called once a start, never at import. */
  setup(
    context: SetupContext<
      N,
      S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : Readonly<Record<string, never>>
    >,
  ): HandlersOf<C> | Promise<HandlersOf<C>>;
}

/** A service as a value: what it is, what it needs and how it is made. Nothing of it runs. */
export interface ServiceSpec<
  Name extends string = string,
  C extends ContractSpec = ContractSpec,
  N extends NeedsSpec = NeedsSpec,
> {
  readonly kind: "hawser.service";
  readonly name: Name;
  readonly version: string;
  /** As it was given: it types the handlers. */
  readonly contract: C;
  /** By the name `setup` uses; the only one is called "". */
  readonly contracts: ReadonlyMap<string, ServiceDefinition>;
  readonly needs: readonly Need[];
  /** As they were given: it types the clients. Nothing reads it at run time. */
  readonly givenNeeds: N;
  readonly config: StandardSchemaV1 | undefined;
  readonly middleware: readonly Middleware[];
  readonly metadata: { readonly [key: string]: string };
  // biome-ignore lint/suspicious/noExplicitAny: what it takes and gives was typed where it was written
  readonly setup: (context: any) => any;
}
