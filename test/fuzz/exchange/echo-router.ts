import { Metadata, type Method, methodsOf } from "../../../src/contract/contract.js";
import { Code, RpcError } from "../../../src/errors/errors.js";
import type { Router } from "../../../src/transport/transport.js";
import type { EchoRequest } from "../../gen/hawser/test/v1/echo.js";
import { EchoServiceDefinition } from "../../support/echo.js";

export const echoMethods: ReadonlyMap<string, Method> = new Map(
  methodsOf(EchoServiceDefinition).map((method) => [method.path, method]),
);

/** What one call may make this server work: a mutated request asks for anything. */
const mostResponses = 20;
const mostResponseBytes = 20_000;

/** Answers as `echo.proto` says, within reason, and knows how many handlers are at work. */
export class EchoRouter implements Router {
  readonly methods = echoMethods;
  atWork = 0;

  readonly invoke: Router["invoke"] = async ({ method, message, metadata }) => {
    const header = new Metadata(metadata.has("x-caller") ? { "x-seen": metadata.get("x-caller") ?? "" } : {});
    const reply = (answer: unknown) => ({ message: answer, header, trailer: () => new Metadata({ "x-done": "yes" }) });
    if (method.responseStream) return reply(this.#stream(method, message));
    this.atWork++;
    try {
      if (!method.requestStream) return reply(answer(message as EchoRequest, 0));
      let requests = 0;
      for await (const _ of message as AsyncIterable<EchoRequest>) requests++;
      return reply({ text: "", payload: Buffer.alloc(0), requests, index: 0, metadata: {}, instance: "" });
    } finally {
      this.atWork--;
    }
  };

  async *#stream(method: Method, message: unknown): AsyncGenerator<unknown> {
    this.atWork++;
    try {
      if (!method.requestStream) yield* answers(message as EchoRequest);
      else for await (const request of message as AsyncIterable<EchoRequest>) yield* answers(request);
    } finally {
      this.atWork--;
    }
  }
}

function* answers(request: EchoRequest): Generator<unknown> {
  const count = Math.min(request.count, mostResponses);
  for (let index = 0; index < count; index++) yield answer({ ...request, failCode: 0 }, index);
  answer(request, 0);
}

function answer({ payload, text, responseBytes, failCode, failMessage }: EchoRequest, index: number): unknown {
  if (failCode !== 0) {
    const known = Number.isInteger(failCode) && failCode > 0 && failCode <= 16;
    throw new RpcError(known ? (failCode as Code) : Code.UNKNOWN, failMessage);
  }
  const size = Math.max(0, Math.min(responseBytes, mostResponseBytes));
  const bytes = size > 0 ? Buffer.alloc(size) : payload;
  return { payload: bytes, text, index, requests: 1, metadata: {}, instance: "" };
}
