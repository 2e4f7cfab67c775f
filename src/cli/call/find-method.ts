import { type Method, methodsOf, type ServiceDefinition } from "../../contract/contract.js";
import { UsageError } from "../failure.js";

/** What a person wrote: `Place`, `OrdersService/Place`, `shop.orders.v1.OrdersService/Place`. */
export interface MethodName {
  /** Undefined where only the method is named. */
  readonly service: string | undefined;
  readonly method: string;
}

/** A method, and the contract it stands in. */
export interface FoundMethod {
  readonly definition: ServiceDefinition;
  readonly method: Method;
}

/** @throws UsageError for what names no method */
export function parseMethodName(text: string): MethodName {
  const parts = text.replace(/^\//, "").split("/");
  const [first, second] = parts;
  if (!first || parts.length > 2 || second === "") {
    throw new UsageError(`method ${JSON.stringify(text)}: expected Method, Service/Method or package.Service/Method`);
  }
  return second === undefined ? { service: undefined, method: first } : { service: first, method: second };
}

/**
 * Whether a service can be meant: by its full name or the end of it, whatever the case of its letters. Health and
 * reflection, which every server has, must be named.
 */
export function matchesService({ service }: MethodName, fullName: string): boolean {
  if (service === undefined) return !fullName.startsWith("grpc.");
  return `.${fullName}`.toLowerCase().endsWith(`.${service.toLowerCase()}`);
}

/**
 * The one method that is meant; what is written exactly so goes before what is so but for the case.
 *
 * @throws UsageError where there is none or more than one, naming what there is
 */
export function findMethod(contracts: ReadonlyMap<string, ServiceDefinition>, name: MethodName): FoundMethod {
  const all = [...contracts.values()]
    .filter(({ fullName }) => matchesService(name, fullName))
    .flatMap((definition) => methodsOf(definition).map((method): FoundMethod => ({ definition, method })));
  const named = all.filter(({ method }) => method.name.toLowerCase() === name.method.toLowerCase());
  const exact = prefer(named, ({ method }) => method.name === name.method);
  const [found, ...others] = prefer(exact, ({ method }) => method.service === name.service);
  if (found === undefined) throw new UsageError(nothingFound(contracts, all, name));
  if (others.length === 0) return found;
  const candidates = [found, ...others].map(({ method }) => method.fullName).join(", ");
  throw new UsageError(`method "${name.method}" is in several services; say which: ${candidates}`);
}

/** Those that have the quality; all where none has it. */
function prefer<T>(all: readonly T[], quality: (each: T) => boolean): readonly T[] {
  const chosen = all.filter(quality);
  return chosen.length > 0 ? chosen : all;
}

function nothingFound(
  contracts: ReadonlyMap<string, ServiceDefinition>,
  methods: readonly FoundMethod[],
  { service, method }: MethodName,
): string {
  if (methods.length > 0) return `no method "${method}"; there is: ${methods.map(fullName).join(", ")}`;
  const services = [...contracts.keys()].join(", ") || "none";
  return service === undefined
    ? `no method "${method}"; its services: ${services}`
    : `no service "${service}"; there is: ${services}`;
}

function fullName({ method }: FoundMethod): string {
  return method.fullName;
}
