import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { createServer } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Transport } from "../../src/transport/transport.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const transports = [
  ["memory", memoryTransport, (name: string) => `memory://${name}`],
  ["grpc-js", grpcJsTransport, () => "grpc://127.0.0.1:0"],
] as const;

describe.each(transports)("over %s, retries in layers", (_name, makeTransport: () => Transport, address) => {
  it("do not multiply: who repeated in vain says so to those above", async () => {
    const transport = makeTransport();
    let calls = 0;
    await using inventory = createServer({ transport, address: address("inventory") }).add(
      EchoServiceDefinition,
      echo({
        read() {
          calls++;
          throw new RpcError(Code.UNAVAILABLE, "the shelves are being moved");
        },
      }),
    );
    await inventory.start();
    await using toInventory = createClient(EchoServiceDefinition, { transport, target: inventory.address });
    let ordersCalls = 0;
    await using orders = createServer({ transport, address: address("orders") }).add(
      EchoServiceDefinition,
      echo({
        read: (request) => {
          ordersCalls++;
          return toInventory.read(request);
        },
      }),
    );
    await orders.start();
    await using toOrders = createClient(EchoServiceDefinition, { transport, target: orders.address });

    await expect(toOrders.read({})).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("the shelves are being moved"),
      remote: true,
    });
    expect(calls).toBe(3);
    expect(ordersCalls).toBe(1);
  });

  it("wait as long as the server asks", async () => {
    const transport = makeTransport();
    const asked: number[] = [];
    await using server = createServer({ transport, address: address("busy") }).add(
      EchoServiceDefinition,
      echo({
        put() {
          asked.push(performance.now());
          if (asked.length === 1) throw new RpcError(Code.UNAVAILABLE, "in a moment", { retryPushbackMs: 40 });
          return { text: "now" };
        },
      }),
    );
    await server.start();
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    expect((await client.put({})).text).toBe("now");
    expect(asked[1]! - asked[0]!).toBeGreaterThanOrEqual(39);
  });

  it("never come where the server forbids them", async () => {
    const transport = makeTransport();
    let calls = 0;
    await using server = createServer({ transport, address: address("closed") }).add(
      EchoServiceDefinition,
      echo({
        put() {
          calls++;
          throw new RpcError(Code.UNAVAILABLE, "not today", { retryPushbackMs: -1 });
        },
      }),
    );
    await server.start();
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    await expect(client.put({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, retryPushbackMs: -1 });
    expect(calls).toBe(1);
  });
});
