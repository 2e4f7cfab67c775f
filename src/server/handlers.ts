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
  type ObservableStream,
  type Reply,
  runInCall,
  type ServiceDefinition,
  type StreamObserver,
  StreamObservers,
} from "../contract/contract.js";
import { RpcError } from "../errors/errors.js";

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
          throw known(reason, call, logger);
        },
      );
    } catch (reason) {
      return Promise.reject(known(reason, call, logger));
    }
  };
}

function streaming(handler: Handler, logger: Logger): Invoke {
  return async (call) => {
    try {
      const stream = within(call, handler) as AsyncIterable<unknown>;
      return new HandlerReply(
        new InCall(stream[Symbol.asyncIterator](), call as HandlerCall, logger),
        call as HandlerCall,
      );
    } catch (reason) {
      throw known(reason, call as HandlerCall, logger);
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

/** A handler's stream, each step of it run inside its call. */
class InCall implements AsyncIterableIterator<unknown>, ObservableStream {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #call: HandlerCall;
  readonly #logger: Logger;
  readonly #observers = new StreamObservers();

  constructor(iterator: AsyncIterator<unknown>, call: HandlerCall, logger: Logger) {
    this.#iterator = iterator;
    this.#call = call;
    this.#logger = logger;
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#step().then(this.#onResult, this.#onFailure);
  }

  /** An iterator of somebody's own may throw at once, or give its result as it stands. */
  #step(): Promise<IteratorResult<unknown>> {
    try {
      return Promise.resolve(runInCall(this.#call, step, this.#iterator));
    } catch (reason) {
      return Promise.reject(reason);
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#observers.stop();
    await runInCall(this.#call, () => this.#iterator.return?.());
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  observedBy(observer: StreamObserver): void {
    this.#observers.add(observer);
  }

  readonly #onResult = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done === true) this.#observers.complete();
    else this.#observers.message();
    return result;
  };

  readonly #onFailure = (reason: unknown): never => {
    const error = known(reason, this.#call, this.#logger);
    this.#observers.fail(error);
    throw error;
  };
}

function step(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
  return iterator.next();
}

/** Makes an `RpcError` of what a handler threw; what nobody named goes to the log whole, under the id the caller gets. */
export function known(reason: unknown, call: HandlerCall, logger: Logger): RpcError {
  const error = RpcError.from(reason);
  if (!(reason instanceof RpcError) && !call.signal.aborted) {
    logger.error({ err: reason, error_id: error.errorId, "rpc.method": call.method.fullName }, "a handler failed");
  }
  return error;
}
