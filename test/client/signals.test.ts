import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient } from "../../src/client/client.js";
import { createServer, type Server } from "../../src/server/server.js";
import { http2Transport } from "../../src/transport/http2/http2.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Transport } from "../../src/transport/transport.js";
import { type EchoHandlers, EchoServiceDefinition, echo } from "../support/echo.js";

const transports = [
  ["memory", memoryTransport, "memory://signals"],
  ["http2", http2Transport, "grpc://127.0.0.1:0"],
] as const;

/** An `AbortController` is dear: a call makes one only for who asks for its signal. */
describe.each(transports)("over %s, signals that nobody asks for are not made", (_name, makeTransport, address) => {
  let made = 0;

  beforeEach(() => {
    made = 0;
    const Original = AbortController;
    const Counted = class extends Original {
      constructor() {
        super();
        made++;
      }
    };
    vi.stubGlobal("AbortController", Counted);
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  async function serve(transport: Transport, handlers: Partial<EchoHandlers>): Promise<Server> {
    const server = createServer({ transport, address }).add(EchoServiceDefinition, echo(handlers));
    await server.start();
    return server;
  }

  test("for a stream that is open, on either side", async () => {
    const transport = makeTransport();
    await using server = await serve(transport, {
      async *bidi(requests) {
        for await (const { text } of requests) yield { text };
      },
    });
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    const before = made;
    const responses = client.bidi([{ text: "one" }, { text: "two" }])[Symbol.asyncIterator]();
    expect((await responses.next()).value).toMatchObject({ text: "one" });
    await responses.return?.();
    expect(made).toBe(before);
  });

  test("for a handler that makes a call", async () => {
    const transport = makeTransport();
    await using server = await serve(transport, {
      unary: () => client.read({ text: "within" }),
      read: ({ text }) => ({ text }),
    });
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    const before = made;
    expect(await client.unary({})).toMatchObject({ text: "within" });
    expect(made).toBe(before);
  });

  test("and one is for a handler that asks", async () => {
    const transport = makeTransport();
    await using server = await serve(transport, { unary: (_request, { signal }) => ({ text: `${signal.aborted}` }) });
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    const before = made;
    expect(await client.unary({})).toMatchObject({ text: "false" });
    expect(made).toBe(before + 1);
  });
});
