import {
  type Call,
  ContextKey,
  currentCall,
  type Invoke,
  type Metadata,
  type Middleware,
  type Reply,
  RequestStream,
} from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Clock } from "../time/time.js";
import { CallRecord, copyOf, keep } from "./call-record.js";
import { type Execution, execution, LogicalCall, logicalCall } from "./logical-call.js";
import { TappedStream } from "./tapped-stream.js";

/** Tells the side that carries a call out which attempt it is. Neither middleware nor handler of a service sees it. */
const attemptKey = "x-hawser-testing-attempt";

/** What stands between the recorder and the wire. */
export type Between = (record: CallRecord) => Middleware;

interface Attempt {
  readonly id: number;
  readonly record: CallRecord;
  readonly logical: LogicalCall;
}

/** The same, where the call has arrived. */
const arrived: ContextKey<Attempt | undefined> = new ContextKey("hawser.testing.arrived", undefined);

/** Sees every attempt where it leaves, and every run of a handler where it happens. */
export class CallRecorder {
  readonly #clock: Clock;
  readonly #between: Between;
  #attempts = new Map<number, Attempt>();
  #logical = new Set<LogicalCall>();
  #ids = 0;

  constructor(clock: Clock, between: Between) {
    this.#clock = clock;
    this.#between = between;
  }

  /** In the order in which they began. */
  get records(): readonly CallRecord[] {
    return [...this.#attempts.values()].map(({ record }) => record);
  }

  get logicalCalls(): Iterable<LogicalCall> {
    return this.#logical;
  }

  /** Forgets what there is; what is under way goes unseen. */
  clear(): void {
    this.#attempts = new Map();
    this.#logical = new Set();
  }

  /** Innermost on the way from one to the other. */
  leaving(from: string, to: string): Middleware {
    return (next) => (call) => {
      const { id, record } = this.#begin(from, to, call);
      const deliver: Invoke = (delivered) => next(delivered.with({ metadata: marked(delivered.metadata, id) }));
      const sent = call.method.requestStream ? call.with({ message: tapped(call, record) }) : call;
      return this.#watched(this.#between(record)(deliver), sent, record);
    };
  }

  /** Outermost where a handler is. */
  readonly arriving: Middleware = (next) => (call) => {
    call.values.set(arrived, this.#attempts.get(Number(call.metadata.get(attemptKey))));
    call.metadata.delete(attemptKey);
    return next(call);
  };

  /** Innermost where a handler is. */
  readonly handling: Middleware = (next) => (call) => {
    const attempt = call.values.get(arrived);
    if (attempt === undefined) return next(call);
    const run = attempt.logical.carriedOut(attempt.record);
    call.values.set(execution, run);
    return seen(next, call, {
      message: (message) => keep(run.responses, copyOf(call.method.response, message)),
      ended: (code) => run.ended(code),
    });
  };

  #begin(from: string, to: string, call: Call): Attempt {
    const within = currentCall()?.values.get(execution);
    const logical = call.values.get(logicalCall) ?? this.#beginLogical(from, to, call, within);
    call.values.set(logicalCall, logical);
    const record = new CallRecord(from, to, call, this.#clock.now(), within?.record);
    const attempt = { id: ++this.#ids, record, logical };
    this.#attempts.set(attempt.id, attempt);
    return attempt;
  }

  #beginLogical(from: string, to: string, call: Call, within: Execution | undefined): LogicalCall {
    const logical = within?.make(from, to, call) ?? new LogicalCall(from, to, call.method);
    this.#logical.add(logical);
    return logical;
  }

  async #watched(next: Invoke, call: Call, record: CallRecord): Promise<Reply> {
    return seen(next, call, {
      message: (message) => record.received(message),
      ended: (code, error) => record.ended(this.#clock.now(), code, error),
    });
  }
}

interface Watcher {
  message(message: unknown): void;
  /** Once; where the reader of a stream broke off CANCELLED and no error. */
  ended(code: Code, error?: RpcError): void;
}

/** Carries a call out and tells what comes of it. */
async function seen(next: Invoke, call: Call, watcher: Watcher): Promise<Reply> {
  const failed = (reason: unknown): RpcError => {
    const error = RpcError.from(reason);
    watcher.ended(error.code, error);
    return error;
  };
  let reply: Reply;
  try {
    reply = await next(call);
  } catch (reason) {
    throw failed(reason);
  }
  if (!call.method.responseStream) {
    watcher.message(reply.message);
    watcher.ended(Code.OK);
    return reply;
  }
  const message = new TappedStream(reply.message as AsyncIterable<unknown>, {
    message: (each) => watcher.message(each),
    complete: () => watcher.ended(Code.OK),
    failed,
    left: () => watcher.ended(Code.CANCELLED),
  });
  return { message, header: reply.header, trailer: () => reply.trailer() };
}

/** For the retry as unread as before. */
function tapped(call: Call, record: CallRecord): RequestStream {
  const source = call.message as AsyncIterable<unknown>;
  return new RequestStream(new TappedStream(source, { message: (message) => record.sent(message) }));
}

function marked(metadata: Metadata, id: number): Metadata {
  const copy = metadata.clone();
  copy.set(attemptKey, String(id));
  return copy;
}
