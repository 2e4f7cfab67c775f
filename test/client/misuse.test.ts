import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import type { Middleware } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import { createServer } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Transport } from "../../src/transport/transport.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const transports = [
  ["memory", memoryTransport, "memory://echo"],
  ["grpc-js", grpcJsTransport, "grpc://127.0.0.1:0"],
] as const;

describe.each(transports)("over %s, a client that is misused", (_name, makeTransport: () => Transport, address) => {
  it("refuses a stream of requests that is none, and the process lives", async () => {
    const transport = makeTransport();
    await using server = createServer({ transport, address }).add(EchoServiceDefinition, echo());
    await server.start();
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    for (const nothing of [undefined, null, {}, 7]) {
      const refused = { code: Code.INVALID_ARGUMENT, message: expect.stringContaining("EchoService/") };
      await expect(client.clientStream(nothing as never)).rejects.toMatchObject(refused);
      await expect(
        client
          .bidi(nothing as never)
          [Symbol.asyncIterator]()
          .next(),
      ).rejects.toMatchObject(refused);
    }
    expect((await client.unary({ text: "still here" })).text).toBe("still here");
  });

  it("does not repeat a stream that was read, whatever middleware put in its place", async () => {
    const transport = makeTransport();
    let served = 0;
    const definition = {
      ...EchoServiceDefinition,
      methods: {
        ...EchoServiceDefinition.methods,
        clientStream: { ...EchoServiceDefinition.methods.clientStream, options: { idempotencyLevel: "IDEMPOTENT" } },
      },
    } as const;
    await using server = createServer({ transport, address }).add(
      definition,
      echo({
        async clientStream(requests) {
          served++;
          for await (const _ of requests) throw new RpcError(Code.UNAVAILABLE, "half way");
          return {};
        },
      }),
    );
    await server.start();
    const replace: Middleware = (next) => (call) => {
      const source = call.message as AsyncIterable<unknown>;
      return next(call.with({ message: { [Symbol.asyncIterator]: () => source[Symbol.asyncIterator]() } }));
    };
    await using client = createClient(definition, { transport, target: server.address, middleware: [replace] });
    await expect(client.clientStream([{}, {}, {}])).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    expect(served).toBe(1);
  });

  it("gives an RpcError for whatever its middleware throws", async () => {
    const transport = makeTransport();
    await using server = createServer({ transport, address }).add(EchoServiceDefinition, echo());
    await server.start();
    const broken: Middleware = () => async () => {
      throw new Error("secret");
    };
    await using client = createClient(EchoServiceDefinition, {
      transport,
      target: server.address,
      middleware: [broken],
    });
    await expect(client.unary({})).rejects.toBeInstanceOf(RpcError);
    await expect(client.serverStream({ count: 1 })[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(RpcError);
  });

  it("is told by the server's log of a response that does not fit", async () => {
    const transport = makeTransport();
    const lines: object[] = [];
    const log = (fields: object): void => void lines.push(fields);
    const logger = { debug() {}, info() {}, warn() {}, error: log, child: () => logger };
    await using server = createServer({ transport, address, logger }).add(
      EchoServiceDefinition,
      echo({ unary: () => ({ index: 1.5 }) }),
    );
    await server.start();
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    await expect(client.unary({})).rejects.toMatchObject({ code: Code.INTERNAL });
    expect(lines).toEqual([expect.objectContaining({ "rpc.method": "hawser.test.v1.EchoService/Unary" })]);
  });
});

describe("a registry with one bad entry", () => {
  it("does not keep a client from the good ones", async () => {
    const transport = memoryTransport();
    await using server = createServer({ transport, address: "memory://echo" }).add(EchoServiceDefinition, echo());
    await server.start();
    await using registry = memoryRegistry();
    const instance = {
      service: "echo",
      version: "1.0.0",
      contracts: [EchoServiceDefinition.fullName],
      metadata: {},
      weight: 100,
      zone: "",
      state: "serving",
      startedAt: new Date(),
    } as const;
    await registry.register({ ...instance, id: "echo-bad", endpoints: ["memory://", "nonsense", ""] });
    await registry.register({ ...instance, id: "echo-good", endpoints: [server.address] });
    await using client = createClient(EchoServiceDefinition, { registry, service: "echo", transport });
    for (let i = 0; i < 10; i++) expect((await client.unary({ text: "ahoy" })).text).toBe("ahoy");
  });
});
