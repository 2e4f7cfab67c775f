import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { createServer } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { joinTransports } from "../../src/transport/joined.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const both = () => joinTransports(memoryTransport(), grpcJsTransport());

describe("a server with several addresses", () => {
  it("answers at each of them, as one server", async () => {
    const transport = both();
    await using server = createServer({ transport, address: ["memory://echo", "grpc://127.0.0.1:0"] });
    server.add(EchoServiceDefinition, echo());
    await server.start();

    expect(server.address).toBe("memory://echo");
    expect(server.addresses).toEqual(["memory://echo", expect.stringMatching(/^grpc:\/\/127\.0\.0\.1:[1-9]\d*$/)]);
    for (const target of server.addresses) {
      await using client = createClient(EchoServiceDefinition, { target, transport });
      expect((await client.unary({ text: "hello" })).text).toBe("hello");
    }
  });

  it("drains at all of them", async () => {
    const transport = both();
    await using server = createServer({ transport, address: ["memory://echo", "grpc://127.0.0.1:0"] });
    server.add(EchoServiceDefinition, echo());
    await server.start();
    server.drain();

    for (const target of server.addresses) {
      await using client = createClient(EchoServiceDefinition, { target, transport, retry: false, timeoutMs: 500 });
      await expect(client.unary({ text: "hello" })).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    }
  });

  it("that cannot have one of them has none", async () => {
    const transport = both();
    await using first = createServer({ transport, address: "grpc://127.0.0.1:0" });
    await first.start();
    const second = createServer({ transport, address: ["memory://echo", first.address] });

    await expect(second.start()).rejects.toBeInstanceOf(RpcError);
    await using third = createServer({ transport, address: "memory://echo" });
    await third.start(); // the name is free
  });

  it("needs at least one", () => {
    expect(() => createServer({ transport: both(), address: [] })).toThrow(/address: required/);
  });
});
