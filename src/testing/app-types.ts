import type {
  Client,
  Handlers,
  MethodDefinition,
  RequestOf,
  ResponseOf,
  ServiceDefinition,
} from "../contract/contract.js";
import type { ContractSpec, ServiceSpec } from "../service/service.js";

/** The services of an app, as `defineApp` was given them. */
export type Services = readonly ServiceSpec[];

export type ServiceName<S extends Services> = S[number]["name"];

/** A need that is no service of the app: its name in the registry, and its contract. */
type External<S extends Services> = S[number] extends infer Spec
  ? Spec extends ServiceSpec<string, ContractSpec, infer Needs>
    ? {
        [Key in keyof Needs]: Needs[Key] extends { readonly contract: infer D; readonly external: true }
          ? { readonly name: Needs[Key] extends { readonly service: infer Name } ? Name : Key; readonly contract: D }
          : never;
      }[keyof Needs]
    : never
  : never;

type ExternalName<S extends Services> = External<S>["name"] & string;

/** Whom calls go to: a service, or somebody outside of the app that a service needs. */
export type TargetName<S extends Services> = ServiceName<S> | ExternalName<S>;

/** One contract, or several by name. */
export type ContractOf<S extends Services, Name extends string> =
  | Extract<S[number], { readonly name: Name }>["contract"]
  | Extract<External<S>, { readonly name: Name }>["contract"];

/** Handlers for what a test wants answered; anything else is answered UNIMPLEMENTED. Of a service nobody calls, none. */
export type Fake<C> = C extends ServiceDefinition
  ? Partial<Handlers<C>>
  : C extends { readonly [name: string]: ServiceDefinition }
    ? { readonly [Name in keyof C]?: Partial<Handlers<C[Name]>> }
    : Readonly<Record<string, never>>;

/** What stands in for what: services by their names, and what is outside of the app by the name it registers under. */
export type Fakes<S extends Services> = { readonly [Name in TargetName<S>]?: Fake<ContractOf<S, Name>> };

/** Those with one contract. */
export type SingleName<S extends Services> = S[number] extends infer Spec
  ? Spec extends { readonly name: infer Name extends string; readonly contract: ServiceDefinition }
    ? Name
    : never
  : never;

/** Those with several. */
export type ManyName<S extends Services> = Exclude<ServiceName<S>, SingleName<S>>;

export type ContractName<S extends Services, Name extends string> = keyof ContractOf<S, Name> & string;

/** The client of one contract. */
export type ClientOf<C> = C extends ServiceDefinition ? Client<C> : never;

type MethodsOf<C> = C extends ServiceDefinition
  ? C["methods"]
  : C extends { readonly [name: string]: ServiceDefinition }
    ? MethodsOf<C[keyof C]>
    : never;

/** As in TypeScript: `placeOrder`. */
export type MethodName<S extends Services, Name extends string> =
  MethodsOf<ContractOf<S, Name>> extends infer Methods
    ? Methods extends unknown
      ? keyof Methods & string
      : never
    : never;

type MethodOf<S extends Services, Name extends string, Key extends string> =
  MethodsOf<ContractOf<S, Name>> extends infer Methods
    ? Methods extends unknown
      ? Key extends keyof Methods
        ? Methods[Key]
        : never
      : never
    : never;

type Streamed<Stream, T> = Stream extends true ? readonly T[] : T;

/** The request as the contract has it; of a stream all that went through. */
export type RequestTo<S extends Services, Name extends string, Key extends string> =
  MethodOf<S, Name, Key> extends infer M
    ? M extends MethodDefinition
      ? Streamed<M["requestStream"], RequestOf<M>>
      : never
    : never;

/** The response as the contract has it; of a stream all that went through. */
export type ResponseFrom<S extends Services, Name extends string, Key extends string> =
  MethodOf<S, Name, Key> extends infer M
    ? M extends MethodDefinition
      ? Streamed<M["responseStream"], ResponseOf<M>>
      : never
    : never;
