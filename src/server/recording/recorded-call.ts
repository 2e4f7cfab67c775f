import {
  abortSource,
  type Call,
  type HandlerCall,
  type Invoke,
  type Reply,
  withMessage,
} from "../../contract/contract.js";
import { Code, codeName, RpcError } from "../../errors/errors.js";
import type { Clock } from "../../time/time.js";
import type { MethodMessages, ReadMessage } from "./contract-messages.js";
import { MessageTape, type TapeLimits } from "./message-tape.js";
import { recordedMetadata } from "./recorded-metadata.js";
import type { RecordingLine } from "./recording-line.js";
import { TappedStream } from "./tapped-stream.js";

/** What all recorded calls of a method have in common. */
export interface RecordedMethod {
  readonly service: string;
  /** How to read its messages; a text says why nobody may. */
  readonly messages: MethodMessages | string;
  readonly responses: boolean;
  readonly hiddenMetadata: ReadonlySet<string>;
  readonly limits: TapeLimits;
  readonly clock: Clock;
}

/** One call, followed to its end; then it can say what there is to write down. */
export class RecordedCall {
  readonly #id: string;
  readonly #call: HandlerCall;
  readonly #common: RecordedMethod;
  readonly #onEnd: (call: RecordedCall) => void;
  readonly #startedMs: number;
  /** As it came: handlers may change theirs. */
  readonly #metadata: RecordingLine["metadata"];
  readonly #requests: MessageTape | undefined;
  readonly #responses: MessageTape | undefined;
  #durationMs: number | undefined;
  #code: Code = Code.OK;
  #message: string | undefined;

  constructor(id: string, call: HandlerCall, common: RecordedMethod, onEnd: (call: RecordedCall) => void) {
    const { request, response } = call.method;
    const readable = typeof common.messages !== "string";
    this.#id = id;
    this.#call = call;
    this.#common = common;
    this.#onEnd = onEnd;
    this.#startedMs = common.clock.now();
    this.#metadata = recordedMetadata(call.metadata, common.hiddenMetadata);
    this.#requests = readable ? new MessageTape(request, common.limits) : undefined;
    this.#responses = readable && common.responses ? new MessageTape(response, common.limits) : undefined;
  }

  /** How many bytes of messages it holds. */
  get bytes(): number {
    return (this.#requests?.bytes ?? 0) + (this.#responses?.bytes ?? 0);
  }

  /** Carries the call out. What it fails with goes on as it is. */
  async invoke(next: Invoke): Promise<Reply> {
    try {
      return this.#replied(await next(this.#tapped()));
    } catch (reason) {
      this.#failed(reason);
      throw reason;
    }
  }

  /** What is written down. Never throws: what cannot be read is left out, with the reason. */
  record(): RecordingLine {
    try {
      return { ...this.#head(), ...this.#messages(), ...this.#outcome() };
    } catch (reason) {
      return { ...this.#head(), unreadable: (reason as Error).message, ...this.#outcome() };
    }
  }

  #tapped(): Call {
    const tape = this.#requests;
    if (tape === undefined) return this.#call;
    const { method, message } = this.#call;
    if (!method.requestStream) {
      tape.add(message);
      return this.#call;
    }
    const tap = { message: (each: unknown) => tape.add(each), ended() {} };
    return this.#call.with({ message: new TappedStream(message as AsyncIterable<unknown>, tap) });
  }

  #replied(reply: Reply): Reply {
    if (!this.#call.method.responseStream) {
      this.#responses?.add(reply.message);
      this.#ended(Code.OK);
      return reply;
    }
    const stream = new TappedStream(reply.message as AsyncIterable<unknown>, {
      message: (each) => this.#responses?.add(each),
      ended: ({ error, brokeOff = false }) => {
        if (error !== undefined) this.#failed(error);
        else if (brokeOff) this.#failed(abortSource(this.#call)?.reason ?? brokenOff);
        else this.#ended(Code.OK);
      },
    });
    return withMessage(reply, stream);
  }

  #failed(reason: unknown): void {
    const { code, message } = RpcError.from(reason);
    this.#ended(code, message);
  }

  #ended(code: Code, message?: string): void {
    if (this.#durationMs !== undefined) return;
    const nowMs = this.#common.clock.now();
    const unheard = this.#unheard(nowMs);
    const differs = unheard !== undefined && unheard.code !== code;
    this.#durationMs = nowMs - this.#startedMs;
    this.#code = differs ? unheard.code : code;
    this.#message = differs ? unheard.message : message;
    this.#onEnd(this);
  }

  /** What the caller has had already: whatever a handler says then, nobody hears it. */
  #unheard(nowMs: number): RpcError | undefined {
    const call = this.#call;
    if (nowMs >= (call.deadline ?? Number.POSITIVE_INFINITY)) return late;
    const source = abortSource(call);
    return source?.aborted ? RpcError.from(source.reason) : undefined;
  }

  #head() {
    const { method, peer, deadline } = this.#call;
    return {
      id: this.#id,
      time: new Date(this.#startedMs).toISOString(),
      service: this.#common.service,
      method: method.fullName,
      kind: method.kind,
      peer,
      ...(deadline === undefined ? {} : { timeoutMs: Math.max(1, Math.round(deadline - this.#startedMs)) }),
      metadata: this.#metadata,
    };
  }

  #messages(): Partial<RecordingLine> {
    const { messages } = this.#common;
    if (typeof messages === "string") return { unreadable: messages };
    const { method } = this.#call;
    const request = side(this.#requests, messages.request, method.requestStream);
    const response = side(this.#responses, messages.response, method.responseStream);
    return {
      ...(request.json === undefined ? {} : { request: request.json }),
      ...(request.truncated ? { truncated: true } : {}),
      ...(request.redacted.length === 0 ? {} : { redacted: request.redacted }),
      ...(response.json === undefined ? {} : { response: response.json }),
      ...(response.truncated ? { truncatedResponse: true } : {}),
      ...(response.redacted.length === 0 ? {} : { redactedResponse: response.redacted }),
    };
  }

  #outcome(): Pick<RecordingLine, "code" | "message" | "durationMs"> {
    return {
      code: codeName(this.#code),
      ...(this.#message === undefined ? {} : { message: this.#message }),
      durationMs: Math.round((this.#durationMs ?? 0) * 1000) / 1000,
    };
  }
}

const late = new RpcError(Code.DEADLINE_EXCEEDED, "the deadline had passed");
const brokenOff = new RpcError(Code.CANCELLED, "the response stream was given up");

interface Side {
  /** Undefined where there is none. */
  readonly json?: unknown;
  readonly truncated: boolean;
  readonly redacted: readonly string[];
}

function side(tape: MessageTape | undefined, readMessage: ReadMessage, stream: boolean): Side {
  if (tape === undefined) return { truncated: false, redacted: [] };
  const read = tape.read(readMessage, stream);
  const json = stream ? read.map((each) => each.json) : read[0]?.json;
  return { json, truncated: tape.truncated, redacted: read.flatMap(({ redacted }) => redacted) };
}
