import { describe, expect, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import type { Metadata, Middleware } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { createServer } from "../../src/server/server.js";
import { http2Transport } from "../../src/transport/http2/http2.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { Moment } from "../support/moment.js";

const transports = [
  ["memory", memoryTransport, "memory://by-hand"],
  ["http2", http2Transport, "grpc://127.0.0.1:0"],
] as const;

/** `with()` is the way; what is spread instead keeps what it can. */
describe.each(transports)("over %s, what middleware changes by hand", (_name, makeTransport, address) => {
  test("keeps the trailer, where it is a reply", async () => {
    const otherText: Middleware = (next) => async (call) => {
      const reply = await next(call);
      return { ...reply, message: { ...(reply.message as object), text: "other" } };
    };
    const transport = makeTransport();
    const handlers = echo({
      unary: (_request, call) => {
        call.trailer.set("x-cost", "3");
        return { text: "answer" };
      },
    });
    await using server = createServer({ transport, address, middleware: [otherText] });
    await server.add(EchoServiceDefinition, handlers).start();
    const options = { transport, target: server.address, middleware: [otherText] };
    await using client = createClient(EchoServiceDefinition, options);
    let trailer: Metadata | undefined;
    const { text } = await client.unary(
      {},
      {
        onTrailer: (given) => {
          trailer = given;
        },
      },
    );
    expect([text, trailer?.get("x-cost")]).toEqual(["other", "3"]);
  });

  test("keeps what ends it, where it is a call", async () => {
    const called = new Moment<AbortSignal>();
    const copied: Middleware = (next) => (call) => next({ ...call, metadata: call.metadata, with: call.with });
    const transport = makeTransport();
    const handlers = echo({
      async *serverStream(_request, { signal }) {
        called.now(signal);
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        yield {};
      },
    });
    await using server = createServer({ transport, address });
    await server.add(EchoServiceDefinition, handlers).start();
    const options = { transport, target: server.address, attemptMiddleware: [copied] };
    await using client = createClient(EchoServiceDefinition, options);
    const giveUp = new AbortController();
    const responses = client.serverStream({}, { signal: giveUp.signal })[Symbol.asyncIterator]();
    const failure = rpcFailure(responses.next());
    const signal = await called.promise;
    giveUp.abort();
    expect((await failure).code).toBe(Code.CANCELLED);
    await expect.poll(() => signal.aborted).toBe(true);
  });
});
