import type { HandlerCall, Handlers } from "../../src/contract/contract.js";
import { type Code, RpcError } from "../../src/errors/errors.js";
import { type EchoRequest, type EchoResponse, EchoServiceDefinition } from "../gen/hawser/test/v1/echo.js";

export { type EchoRequest, type EchoResponse, EchoServiceDefinition };
export type EchoHandlers = Handlers<EchoServiceDefinition>;

/** The service that `echo.proto` describes, with some handlers of a test's own. */
export function echo(own: Partial<EchoHandlers> = {}): EchoHandlers {
  const unary = async (request: EchoRequest, call: HandlerCall) => {
    await delay(request);
    failAsTold(request);
    return answer(request, call, 0, 1);
  };
  return {
    unary,
    read: unary,
    put: unary,
    async *serverStream(request, call) {
      yield* answers(request, call, 1);
    },
    async clientStream(requests, call) {
      const payloads: Buffer[] = [];
      for await (const request of requests) {
        payloads.push(request.payload);
        failAsTold(request);
      }
      return { payload: Buffer.concat(payloads), requests: payloads.length, metadata: seen(call) };
    },
    async *bidi(requests, call) {
      let count = 0;
      for await (const request of requests) yield* answers(request, call, ++count);
    },
    ...own,
  };
}

async function* answers(request: EchoRequest, call: HandlerCall, requests: number): AsyncGenerator<EchoResponse> {
  for (let index = 0; index < request.count; index++) {
    await delay(request);
    yield answer(request, call, index, requests);
  }
  failAsTold(request);
}

function answer(request: EchoRequest, call: HandlerCall, index: number, requests: number): EchoResponse {
  const payload = request.responseBytes > 0 ? Buffer.alloc(request.responseBytes) : request.payload;
  return { payload, text: request.text, index, requests, metadata: seen(call), instance: "" };
}

function failAsTold({ failCode, failMessage }: EchoRequest): void {
  if (failCode !== 0) throw new RpcError(failCode as Code, failMessage);
}

async function delay({ delayMs }: EchoRequest): Promise<void> {
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
}

function seen({ metadata }: HandlerCall): { [key: string]: string } {
  return Object.fromEntries(
    [...metadata.keys()].map((key) => [
      key,
      metadata
        .getAll(key)
        .map((value: string | Uint8Array) =>
          typeof value === "string" ? value : Buffer.from(value).toString("base64"),
        )
        .join(","),
    ]),
  );
}
