import { describe, expect, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import type { ServiceDefinition } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { RegistryServiceDefinition } from "../../src/gen/hawser/registry/v1/registry.js";
import { createServer, type ServerOptions } from "../../src/server/server.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { failure, rpcFailure } from "../support/collect.js";
import { type EchoHandlers, EchoServiceDefinition, echo } from "../support/echo.js";

const address = "memory://echo";
const registry = {
  list: () => ({ services: [{ name: "orders", versions: ["1.0.0"], instances: 2 }] }),
  async *watch() {},
  async *register() {},
};

const server = (options: Partial<ServerOptions> = {}) =>
  createServer({ transport: memoryTransport(), address, ...options });

describe("a contract and its handlers", () => {
  test("several contracts are served at one address", async () => {
    const transport = memoryTransport();
    await using both = server({ transport })
      .add(EchoServiceDefinition, echo())
      .add(RegistryServiceDefinition, registry);
    await both.start();
    expect(both.contracts).toEqual(["hawser.test.v1.EchoService", "hawser.registry.v1.RegistryService"]);
    await using first = createClient(EchoServiceDefinition, { transport, target: both.address });
    await using second = createClient(RegistryServiceDefinition, { transport, target: both.address });
    expect((await first.unary({ text: "hello" })).text).toBe("hello");
    expect((await second.list({})).services[0]?.name).toBe("orders");
  });

  test("a missing and a misspelt handler are named together, with the methods there are", () => {
    const { unary: _unary, read: _read, ...rest } = echo();
    const wrong = { ...rest, unray: () => ({}) } as unknown as EchoHandlers;
    expect(() => server().add(EchoServiceDefinition, wrong)).toThrow(TypeError);
    expect(() => server().add(EchoServiceDefinition, wrong)).toThrow(
      "hawser.test.v1.EchoService: no handler for unary, read; no such method: unray " +
        "(its methods: unary, read, put, serverStream, clientStream, bidi)",
    );
  });

  test("what is no function is no handler", () => {
    const wrong = { ...echo(), unary: "later" } as unknown as EchoHandlers;
    expect(() => server().add(EchoServiceDefinition, wrong)).toThrow("no handler for unary");
  });

  test("an instance of a class may have helpers of its own, and its handlers are its methods", async () => {
    class Greeter {
      readonly #greeting = "Hello";
      readonly #echo = echo();
      read = this.#echo.read;
      put = this.#echo.put;
      serverStream = this.#echo.serverStream;
      clientStream = this.#echo.clientStream;
      bidi = this.#echo.bidi;

      unary({ text }: { text: string }) {
        return this.greet(text);
      }

      greet(name: string) {
        return { text: `${this.#greeting} ${name}` };
      }
    }
    const transport = memoryTransport();
    await using greeting = server({ transport }).add(EchoServiceDefinition, new Greeter());
    await greeting.start();
    await using client = createClient(EchoServiceDefinition, { transport, target: greeting.address });
    expect((await client.unary({ text: "Ada" })).text).toBe("Hello Ada");
  });

  test("a contract is added once, and before the start", async () => {
    await using started = server().add(EchoServiceDefinition, echo());
    expect(() => started.add(EchoServiceDefinition, echo())).toThrow(
      "hawser.test.v1.EchoService was added before; a server has one implementation of a contract",
    );
    await started.start();
    expect(() => started.add(RegistryServiceDefinition, registry)).toThrow(
      "hawser.registry.v1.RegistryService: contracts are added before start()",
    );
  });

  test("what is no contract is refused", () => {
    expect(() => server().add({} as ServiceDefinition, {})).toThrow("not a service definition");
  });

  test("a handler that gives no stream where one is due fails its call, and nothing else", async () => {
    const transport = memoryTransport();
    const wrong = { ...echo(), serverStream: () => ({ text: "one" }) } as unknown as EchoHandlers;
    await using server1 = server({ transport }).add(EchoServiceDefinition, wrong);
    await server1.start();
    await using client = createClient(EchoServiceDefinition, { transport, target: server1.address });
    expect(await failure(client.serverStream({}))).toMatchObject({ code: Code.UNKNOWN });
    expect((await client.unary({ text: "still there" })).text).toBe("still there");
  });
});

describe("options of createServer()", () => {
  test.each<[object, string]>([
    [{ address }, "transport: required"],
    [{ transport: memoryTransport() }, "address: required"],
    [{ transport: memoryTransport(), address: 50051 }, "address: required"],
    [{ transport: memoryTransport(), address: "50051" }, 'address "50051": expected scheme://host:port'],
    [
      { transport: memoryTransport(), address: "grpc://127.0.0.1:0" },
      'address "grpc://127.0.0.1:0": the memory transport serves memory://',
    ],
  ])("%#: a wrong one is a TypeError that says so", (options, message) => {
    expect(() => createServer(options as ServerOptions)).toThrow(TypeError);
    expect(() => createServer(options as ServerOptions)).toThrow(message);
  });

  test("health and reflection can be left out", async () => {
    const transport = memoryTransport();
    await using bare = server({ transport, health: false, reflection: false }).add(EchoServiceDefinition, echo());
    await bare.start();
    const { HealthDefinition } = await import("../../src/gen/grpc/health/v1/health.js");
    await using health = createClient(HealthDefinition, { transport, target: bare.address });
    expect(await rpcFailure(health.check({}))).toMatchObject({ code: Code.UNIMPLEMENTED });
  });
});

describe("the life of a server", () => {
  test("has no address before it is started, and starts once", async () => {
    await using one = server().add(EchoServiceDefinition, echo());
    expect(() => one.address).toThrow("before start()");
    await Promise.all([one.start(), one.start()]);
    await one.start();
    expect(one.address).toBe(address);
  });

  test("may be closed without having been started, twice, and is not started after that", async () => {
    const transport = memoryTransport();
    const never = server({ transport });
    await never.close();
    await never.close();
    expect(await failure(never.start())).toMatchObject({ message: expect.stringContaining("closed") });
    await using other = server({ transport });
    await other.start();
  });

  test("may be closed after a start that failed", async () => {
    const transport = memoryTransport();
    await using first = server({ transport });
    await first.start();
    const second = server({ transport });
    expect(await failure(second.start())).toMatchObject({ code: Code.UNAVAILABLE });
    await second.close();
    expect(first.health.get("")).toBe("SERVING");
  });

  test("may be closed while it starts", async () => {
    const transport = memoryTransport();
    const one = server({ transport });
    const starting = one.start();
    await one.close();
    await starting;
    await using other = server({ transport });
    await other.start();
  });
});
