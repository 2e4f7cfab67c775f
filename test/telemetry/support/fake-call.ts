import {
  type Call,
  type CallChanges,
  ContextValues,
  type HandlerCall,
  type Instance,
  type Invoke,
  Metadata,
  type Method,
  type Middleware,
  methodsOf,
  type Reply,
} from "../../../src/contract/contract.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { echoInstance } from "../../support/echo-instance.js";

const methods = new Map(methodsOf(EchoServiceDefinition).map((each) => [each.localName, each]));

export function methodOf(name: keyof typeof EchoServiceDefinition.methods): Method {
  return methods.get(name) as Method;
}

/** A call made by hand. */
export class FakeCall implements Call {
  readonly method: Method;
  readonly message: unknown;
  readonly metadata: Metadata;
  readonly deadline: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly values: ContextValues;
  readonly attempt: number;
  readonly instance: Instance | undefined;

  constructor(fields: Partial<Call> & { readonly method: Method }) {
    this.method = fields.method;
    this.message = fields.message;
    this.metadata = fields.metadata ?? new Metadata();
    this.deadline = fields.deadline;
    this.signal = fields.signal;
    this.values = fields.values ?? new ContextValues();
    this.attempt = fields.attempt ?? 0;
    this.instance = fields.instance;
  }

  with(changes: CallChanges): Call {
    return new FakeCall({ ...this, ...changes });
  }
}

/** As a server sees it. */
export class FakeHandlerCall extends FakeCall implements HandlerCall {
  declare readonly signal: AbortSignal;
  readonly header = new Metadata();
  readonly trailer = new Metadata();
  readonly peer: string;

  constructor(fields: Partial<HandlerCall> & { readonly method: Method }) {
    super({ ...fields, signal: fields.signal ?? new AbortController().signal });
    this.peer = fields.peer ?? "127.0.0.1:50123";
  }

  sendHeader(): void {}

  override with(changes: CallChanges): Call {
    return new FakeHandlerCall({ ...this, ...changes });
  }
}

export function replyWith(message: unknown): Reply {
  return { message, header: new Metadata(), trailer: () => new Metadata() };
}

export function instance(id: string, endpoint = "grpc://10.0.0.7:50051"): Instance {
  return echoInstance(id, { endpoints: [endpoint] });
}

/** Another process, as far as a call can tell: nothing but metadata and message crosses. */
export function wireTo(middleware: Middleware, handler: Invoke): Invoke {
  const served = middleware(handler);
  return (call) =>
    served(
      new FakeHandlerCall({
        method: call.method,
        message: call.message,
        metadata: new Metadata([...call.metadata]),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      }),
    );
}

export async function* streamOf(...messages: readonly unknown[]): AsyncGenerator<unknown> {
  for (const message of messages) yield message;
}

export async function readAll(stream: unknown): Promise<unknown[]> {
  const messages: unknown[] = [];
  for await (const message of stream as AsyncIterable<unknown>) messages.push(message);
  return messages;
}
