import {
  type Call,
  currentCall,
  type HandlerCall,
  type Handlers,
  type Invoke,
  type Logger,
  type Metadata,
  type Method,
  methodsOf,
  type Reply,
  runInCall,
  type ServiceDefinition,
} from "../contract/contract.js";
import { handlerFailure } from "./handler-failure.js";
import { HandlerStream } from "./handler-stream.js";

type Handler = (request: unknown, call: HandlerCall) => unknown;

/** A method and what carries it out. */
export interface Route {
  readonly method: Method;
  readonly invoke: Invoke;
}

/**
 * Puts a contract and its handlers together.
 *
 * @throws TypeError where they do not match, naming every handler that is missing or too many
 */
export function routes<D extends ServiceDefinition>(
  definition: D,
  handlers: Handlers<D>,
  logger: Logger,
): readonly Route[] {
  const methods = methodsOf(definition);
  const given = handlers as unknown as { readonly [name: string]: unknown };
  const missing = methods
    .filter(({ localName }) => typeof given[localName] !== "function")
    .map(({ localName }) => localName);
  const known = new Set(methods.map(({ localName }) => localName));
  const surplus = ownNames(given).filter((name) => !known.has(name) && typeof given[name] === "function");
  if (missing.length > 0 || surplus.length > 0) {
    const problems = [
      ...(missing.length > 0 ? [`no handler for ${missing.join(", ")}`] : []),
      ...(surplus.length > 0 ? [`no such method: ${surplus.join(", ")}`] : []),
    ];
    throw new TypeError(`${definition.fullName}: ${problems.join("; ")} (its methods: ${[...known].join(", ")})`);
  }
  return methods.map((method) => {
    const handler = (given[method.localName] as Handler).bind(handlers);
    return { method, invoke: method.responseStream ? streaming(handler, logger) : single(handler, logger) };
  });
}

/** Of an object literal; an instance of a class may have private helpers. */
function ownNames(handlers: object): readonly string[] {
  return Object.getPrototypeOf(handlers) === Object.prototype ? Object.keys(handlers) : [];
}

function single(handler: Handler, logger: Logger): Invoke {
  return (made) => {
    const call = made as HandlerCall;
    try {
      return Promise.resolve(within(call, handler)).then(
        (message) => new HandlerReply(message, call),
        (reason: unknown) => {
          throw handlerFailure(reason, call, logger);
        },
      );
    } catch (reason) {
      return Promise.reject(handlerFailure(reason, call, logger));
    }
  };
}

function streaming(handler: Handler, logger: Logger): Invoke {
  return async (made) => {
    const call = made as HandlerCall;
    try {
      return new HandlerReply(new HandlerStream(within(call, handler), call, logger), call);
    } catch (reason) {
      throw handlerFailure(reason, call, logger);
    }
  };
}

/** The server has entered the call that came; where middleware has changed it, the handler is in what it is given. */
function within(call: Call, handler: Handler): unknown {
  const given = call as HandlerCall;
  return currentCall() === call ? handler(call.message, given) : runInCall(call, handler, call.message, given);
}

/** What a handler answered. Its metadata is made when somebody asks for it. */
class HandlerReply implements Reply {
  readonly message: unknown;
  readonly #call: HandlerCall;

  constructor(message: unknown, call: HandlerCall) {
    this.message = message;
    this.#call = call;
  }

  get header(): Metadata {
    return this.#call.header;
  }

  readonly trailer = (): Metadata => this.#call.trailer;
}
