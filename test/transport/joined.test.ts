import { describe, expect, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import type { Instance } from "../../src/contract/contract.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import { createServer } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { joinTransports } from "../../src/transport/joined.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { transportSuite } from "../conformance/transport.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { grpcJsSkips } from "./grpc-js-skips.js";

const join = (options: { readonly maxReceiveBytes?: number } = {}) =>
  joinTransports(memoryTransport(options), grpcJsTransport(options));

/** Takes a quarter of a minute. */
const measured = {
  "memory stays flat over 20,000 messages of 16 KiB, either way":
    "measured with each driver alone: once a channel is made, nothing of the join is in the way",
};

transportSuite({
  name: "memory and grpc-js joined, in memory",
  make: (options) => ({ transport: join(options), address: "memory://echo" }),
  capabilities: { sockets: false },
  skip: measured,
});

transportSuite({
  name: "memory and grpc-js joined, over grpc-js",
  make: (options) => ({ transport: join(options), address: "grpc://127.0.0.1:0" }),
  capabilities: { sockets: true },
  skip: { ...grpcJsSkips, ...measured },
});

describe("joinTransports()", () => {
  test("goes by the schemes of all, those of the first before the others", () => {
    const { name, schemes } = join();
    expect(name).toBe("memory+grpc-js");
    expect(schemes).toEqual(["memory", ...grpcJsTransport().schemes]);
  });

  test("calls an instance that can be had in memory there, and one that cannot over the wire", async ({
    onTestFinished,
  }) => {
    const transport = join();
    const registry = memoryRegistry();
    const server = createServer({ transport, address: ["memory://echo", "grpc://127.0.0.1:0"] });
    server.add(EchoServiceDefinition, echo({ unary: (_, call) => ({ text: call.peer }) }));
    await server.start();
    const client = createClient(EchoServiceDefinition, { transport, registry, service: "echo" });
    onTestFinished(async () => {
      await client.close();
      await server.close();
    });
    const instance = (endpoints: readonly string[]): Instance => ({
      id: "echo-1",
      service: "echo",
      version: "1.0.0",
      endpoints,
      contracts: [],
      metadata: {},
      weight: 100,
      zone: "",
      state: "serving",
      startedAt: new Date(0),
    });
    const [memory, wire] = server.addresses as readonly [string, string];
    const registration = await registry.register(instance([wire, memory]));
    expect((await client.unary({})).text).toBe("memory");
    await registration.update(instance([wire]));
    expect((await client.unary({})).text).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test("refuses two that claim one scheme, naming them", () => {
    expect(() => joinTransports(memoryTransport(), memoryTransport())).toThrow(
      new TypeError("memory:// belongs to both memory and memory"),
    );
  });

  test("refuses to be of nothing", () => {
    expect(() => joinTransports()).toThrow(new TypeError("joinTransports: expected at least one transport"));
  });

  test("goes nowhere none of them goes", async () => {
    const message = /^address "nats:\/\/a:1": expected memory:\/\/, grpc:\/\//;
    expect(() => join().connect("nats://a:1")).toThrow(message);
    const router = { methods: new Map(), invoke: () => Promise.reject(new Error("nobody calls")) };
    await expect(join().listen("nats://a:1", router)).rejects.toThrow(message);
  });
});
