import type {
  Client,
  Handlers,
  MethodDefinition,
  RequestOf,
  ResponseOf,
  ServiceDefinition,
} from "../contract/contract.js";
import type { App, ContractSpec, ServiceSpec } from "../service/service.js";

/** The services of an app, as `defineApp` was given them. */
type SpecOf<A extends App> = A["given"][number];

export type ServiceName<A extends App> = SpecOf<A>["name"];

/** A need that is no service of the app: its name in the registry, and its contract. */
type External<A extends App> =
  SpecOf<A> extends infer Spec
    ? Spec extends ServiceSpec<string, ContractSpec, infer Needs>
      ? {
          [Key in keyof Needs]: Needs[Key] extends { readonly contract: infer D; readonly external: true }
            ? { readonly name: Needs[Key] extends { readonly service: infer Name } ? Name : Key; readonly contract: D }
            : never;
        }[keyof Needs]
      : never
    : never;

type ExternalName<A extends App> = External<A>["name"] & string;

/** Whom calls go to: a service, or somebody outside of the app that a service needs. */
export type TargetName<A extends App> = ServiceName<A> | ExternalName<A>;

/** One contract, or several by name. */
export type ContractOf<A extends App, Name extends string> =
  | Extract<SpecOf<A>, { readonly name: Name }>["contract"]
  | Extract<External<A>, { readonly name: Name }>["contract"];

/** Handlers for what a test wants answered; anything else is answered UNIMPLEMENTED. Of a service nobody calls, none. */
export type Fake<C> = C extends ServiceDefinition
  ? Partial<Handlers<C>>
  : C extends { readonly [name: string]: ServiceDefinition }
    ? { readonly [Name in keyof C]?: Partial<Handlers<C[Name]>> }
    : Readonly<Record<string, never>>;

/**
 * What stands in for what: services by their names, and what is outside of the app by the name it registers under.
 *
 * @example const fakes: Fakes<typeof app> = { inventory: { reserve: () => ({ shelf: "A3" }) } };
 */
export type Fakes<A extends App = App> = { readonly [Name in TargetName<A>]?: Fake<ContractOf<A, Name>> };

/** Those with one contract. */
export type SingleName<A extends App> =
  SpecOf<A> extends infer Spec
    ? Spec extends { readonly name: infer Name extends string; readonly contract: ServiceDefinition }
      ? Name
      : never
    : never;

/** Those with several. */
export type ManyName<A extends App> = Exclude<ServiceName<A>, SingleName<A>>;

export type ContractName<A extends App, Name extends string> = keyof ContractOf<A, Name> & string;

/** The client of one contract. */
export type ClientOf<C> = C extends ServiceDefinition ? Client<C> : never;

type MethodsOf<C> = C extends ServiceDefinition
  ? C["methods"]
  : C extends { readonly [name: string]: ServiceDefinition }
    ? MethodsOf<C[keyof C]>
    : never;

/** As in TypeScript: `placeOrder`. */
export type MethodName<A extends App, Name extends string> =
  MethodsOf<ContractOf<A, Name>> extends infer Methods
    ? Methods extends unknown
      ? keyof Methods & string
      : never
    : never;

type MethodOf<A extends App, Name extends string, Key extends string> =
  MethodsOf<ContractOf<A, Name>> extends infer Methods
    ? Methods extends unknown
      ? Key extends keyof Methods
        ? Methods[Key]
        : never
      : never
    : never;

type Streamed<Stream, T> = Stream extends true ? readonly T[] : T;

/** The request as the contract has it; of a stream all that went through. */
export type RequestTo<A extends App, Name extends string, Key extends string> =
  MethodOf<A, Name, Key> extends infer M
    ? M extends MethodDefinition
      ? Streamed<M["requestStream"], RequestOf<M>>
      : never
    : never;

/** The response as the contract has it; of a stream all that went through. */
export type ResponseFrom<A extends App, Name extends string, Key extends string> =
  MethodOf<A, Name, Key> extends infer M
    ? M extends MethodDefinition
      ? Streamed<M["responseStream"], ResponseOf<M>>
      : never
    : never;
