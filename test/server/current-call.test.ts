import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { type Call, currentCall, type Middleware } from "../../src/contract/contract.js";
import { createServer } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { joinTransports } from "../../src/transport/joined.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { collect } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const transport = joinTransports(memoryTransport(), grpcJsTransport());

/** `outer` calls `inner`, and every middleware of `inner` tells whose call it finds itself in. */
async function seenByMiddleware(address: string): Promise<readonly (string | undefined)[]> {
  const seen: (string | undefined)[] = [];
  const look: Middleware = (next) => (call) => {
    seen.push(textOf(currentCall()));
    return next(call).finally(() => seen.push(textOf(currentCall())));
  };
  await using inner = createServer({ transport, address, middleware: [look] });
  await inner.add(EchoServiceDefinition, echo()).start();
  await using client = createClient(EchoServiceDefinition, { target: inner.address, transport });
  await using outer = createServer({ transport, address: `memory://outer-of-${address.slice(0, 4)}` });
  await outer.add(EchoServiceDefinition, echo({ unary: () => client.unary({ text: "inner" }) })).start();
  await using caller = createClient(EchoServiceDefinition, { target: outer.address, transport });
  await caller.unary({ text: "outer" });
  return seen;
}

function textOf(call: Call | undefined): string | undefined {
  return (call?.message as { readonly text: string } | undefined)?.text;
}

describe("the call a server's middleware is in", () => {
  it.each(["memory://inner", "grpc://127.0.0.1:0"])("is the one that came, at %s", async (address) => {
    expect(await seenByMiddleware(address)).toEqual(["inner", "inner"]);
  });

  it.each(["memory://mapped", "grpc://127.0.0.1:0"])(
    "is the one that came for the stream it answers with, at %s",
    async (address) => {
      const seen: (string | undefined)[] = [];
      const mapped: Middleware = (next) => async (call) => {
        const { header, trailer, message } = await next(call);
        return { header, trailer, message: passing(message as AsyncIterable<unknown>) };
      };
      async function* passing(messages: AsyncIterable<unknown>) {
        try {
          for await (const message of messages) {
            seen.push(textOf(currentCall()));
            yield message;
          }
        } finally {
          seen.push(textOf(currentCall()));
        }
      }
      await using inner = createServer({ transport, address, health: false, reflection: false, middleware: [mapped] });
      await inner.add(EchoServiceDefinition, echo()).start();
      await using client = createClient(EchoServiceDefinition, { target: inner.address, transport });
      await using outer = createServer({ transport, address: `memory://maps-${address.slice(0, 4)}` });
      const relay = () => client.serverStream({ text: "inner", count: 2 });
      await outer.add(EchoServiceDefinition, echo({ serverStream: relay })).start();
      await using caller = createClient(EchoServiceDefinition, { target: outer.address, transport });
      expect(await collect(caller.serverStream({ text: "outer" }))).toHaveLength(2);
      expect(seen).toEqual(["inner", "inner", "inner"]);
    },
  );

  it("is what a handler is in too, as middleware has changed it", async () => {
    const later: Middleware = (next) => (call) => next(call.with({ deadline: 4_102_444_800_000 }));
    let deadline: number | undefined;
    await using server = createServer({ transport, address: "memory://later", middleware: [later] });
    const handlers = echo({
      unary(request) {
        deadline = currentCall()?.deadline;
        return { text: request.text };
      },
    });
    await server.add(EchoServiceDefinition, handlers).start();
    await using client = createClient(EchoServiceDefinition, { target: server.address, transport });
    await client.unary({ text: "late" });
    expect(deadline).toBe(4_102_444_800_000);
  });
});
