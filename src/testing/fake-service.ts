import { type Handlers, type Method, methodsOf, type ServiceDefinition } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import { type ContractSpec, defineService, type ServiceSpec } from "../service/service.js";

type Handler = (request: unknown, call: unknown) => unknown;

/** Handlers by method, looked up at each call: a test may change them while the app runs. */
type Given = { readonly [localName: string]: Handler | undefined };

/**
 * A service whose handlers are the test's. What it has no handler for is answered UNIMPLEMENTED, with a message that says
 * how to fake it.
 *
 * @param contracts by the names the fake uses; the only one is called ""
 * @throws TypeError for handlers of no method, and for what is no handler, naming them
 */
export function fakeService(
  name: string,
  contracts: ReadonlyMap<string, ServiceDefinition>,
  given: object,
): ServiceSpec {
  const parts = [...contracts].map(([key, definition]): readonly [string, ServiceDefinition, Given] => {
    const place = key === "" ? name : `${name}.${key}`;
    const handlers = (key === "" ? given : ((given as { [key: string]: object })[key] ?? {})) as Given;
    checkHandlers(`replace.${place}`, handlers, definition);
    return [key, definition, handlers];
  });
  if (!contracts.has("")) checkKeys(`replace.${name}`, given, [...contracts.keys()], "contract");
  const contract = contracts.get("") ?? Object.fromEntries(contracts);
  return defineService<string, ContractSpec>({
    name,
    contract,
    setup: () => {
      const made = parts.map(
        ([key, definition, handlers]) => [key, handlersOf(name, key, definition, handlers)] as const,
      );
      return made[0]?.[0] === "" ? made[0][1] : Object.fromEntries(made);
    },
  });
}

function handlersOf(
  name: string,
  key: string,
  definition: ServiceDefinition,
  given: Given,
): Handlers<ServiceDefinition> {
  const answer =
    ({ localName }: Method): Handler =>
    (request, call) => {
      const handler = given[localName];
      if (handler === undefined) throw notFaked(name, key, localName);
      return handler.call(given, request, call);
    };
  return Object.fromEntries(methodsOf(definition).map((method) => [method.localName, answer(method)]));
}

function notFaked(name: string, key: string, method: string): RpcError {
  const handlers = `{ ${method}: … }`;
  const fake = key === "" ? handlers : `{ ${key}: ${handlers} }`;
  return new RpcError(
    Code.UNIMPLEMENTED,
    `${name}.${method} is not faked, and was called; say replace: { ${name}: ${fake} }`,
  );
}

function checkHandlers(option: string, handlers: Given, definition: ServiceDefinition): void {
  checkKeys(option, handlers, Object.keys(definition.methods), "method");
  for (const [method, handler] of Object.entries(handlers)) {
    if (handler === undefined || typeof handler === "function") continue;
    throw new TypeError(`${option}.${method}: expected a handler, was ${typeof handler}`);
  }
}

/** Of an object literal; an instance of a class may have helpers of its own. */
function checkKeys(option: string, given: object, known: readonly string[], what: string): void {
  if (typeof given !== "object" || given === null) throw new TypeError(`${option}: expected handlers by their methods`);
  if (Object.getPrototypeOf(given) !== Object.prototype) return;
  const unknown = Object.keys(given).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  throw new TypeError(`${option}: no such ${what}: ${unknown.join(", ")} (there are: ${known.join(", ")})`);
}
