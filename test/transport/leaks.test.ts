import { getEventListeners } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import { Code } from "../../src/errors/errors.js";
import { createServer } from "../../src/server/server.js";
import type { Clock } from "../../src/time/time.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { http2Transport } from "../../src/transport/http2/http2.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Transport } from "../../src/transport/transport.js";
import { collect, failure } from "../support/collect.js";
import { CountingClock } from "../support/counting-clock.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { memoryInUse } from "../support/memory-in-use.js";
import { aborted } from "../support/moment.js";

const mebibyte = 1024 * 1024;

async function inParallel(total: number, width: number, call: () => Promise<unknown>): Promise<void> {
  let left = total;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left-- > 0) await call();
    }),
  );
}

describe.each<[string, (clock: Clock) => Transport, string]>([
  ["memory", (clock) => memoryTransport({ clock }), "memory://echo"],
  ["http2", (clock) => http2Transport({ clock }), "grpc://127.0.0.1:0"],
  ["grpc-js", (clock) => grpcJsTransport({ clock }), "grpc://127.0.0.1:0"],
])("after many calls over %s", (_name, make, address) => {
  /** A server whose handlers listen to their signals, behind another that calls it, and a client of the latter. */
  async function given() {
    const clock = new CountingClock();
    const transport = make(clock);
    const handlerSignals: AbortSignal[] = [];
    const inner = createServer({ transport, address }).add(
      EchoServiceDefinition,
      echo({
        async *serverStream(_request, call) {
          for (let index = 0; ; index++) {
            yield { index };
            if (index === 2) await aborted(call.signal);
          }
        },
      }),
    );
    await inner.start();
    const downstream = createClient(EchoServiceDefinition, { transport, target: inner.address, clock });
    const outer = createServer({ transport, address: address.replace("echo", "outer") }).add(
      EchoServiceDefinition,
      echo({
        put: async (request, call) => {
          handlerSignals.push(call.signal);
          for (let times = 0; times < 3; times++) await downstream.unary(request);
          return {};
        },
        serverStream: () => downstream.serverStream({}),
      }),
    );
    await outer.start();
    const client = createClient(EchoServiceDefinition, { transport, target: outer.address, clock });
    onTestFinished(async () => {
      await outer.close({ graceMs: 0 });
      await inner.close({ graceMs: 0 });
      await client.close();
      await downstream.close();
    });
    return { client, clock, handlerSignals };
  }

  test("10,000 answered ones leave nothing: no memory, no listener on a long-lived signal, no timer", async () => {
    const { client, clock, handlerSignals } = await given();
    const { signal } = new AbortController();
    const calls = async (total: number) => {
      await inParallel(total * 0.7, 50, () => client.unary({ text: "x" }, { signal, timeoutMs: 60_000 }));
      await inParallel(total * 0.1, 50, () => failure(client.read({ failCode: 5 }, { signal, timeoutMs: 60_000 })));
      await inParallel(total * 0.1, 50, () => client.clientStream([{}, {}], { signal, timeoutMs: 60_000 }));
      await inParallel(total * 0.1, 50, () => collect(client.bidi([{ count: 1 }], { signal, timeoutMs: 60_000 })));
    };
    await calls(2000);
    const timers = clock.running;
    const before = await memoryInUse();
    await calls(10_000);
    expect((await memoryInUse()) - before).toBeLessThan(3 * mebibyte);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(clock.running).toBe(timers);
    await inParallel(200, 10, () => client.put({}, { timeoutMs: 60_000 }));
    expect(handlerSignals.flatMap((each) => getEventListeners(each, "abort"))).toEqual([]);
    expect(clock.running).toBe(timers);
  });

  // Not over one connection: node:http2 closes one on which a thousand streams are reset at once.
  test.each(["left", "cancelled"])("500 streams that were %s leave nothing", async (how) => {
    const { client, clock } = await given();
    const { signal } = new AbortController();
    const left = async () => {
      for await (const { index } of client.serverStream({}, { signal, timeoutMs: 60_000 })) if (index === 2) break;
    };
    const cancelled = async () => {
      const controller = new AbortController();
      const stream = client.serverStream({}, { signal: controller.signal, timeoutMs: 60_000 });
      const error = await failure(
        (async () => {
          for await (const { index } of stream) if (index === 2) controller.abort();
        })(),
      );
      expect(error).toMatchObject({ code: Code.CANCELLED });
      expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    };
    const streams = async (total: number) => {
      await inParallel(total, 20, how === "left" ? left : cancelled);
      await client.unary({});
    };
    await streams(100);
    const timers = clock.running;
    const before = await memoryInUse();
    await streams(500);
    expect((await memoryInUse()) - before).toBeLessThan(3 * mebibyte);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(clock.running).toBe(timers);
  });

  test("streams that are never read hold nothing", async () => {
    const { client, clock } = await given();
    const { signal } = new AbortController();
    for (let n = 0; n < 100; n++) client.serverStream({}, { signal, timeoutMs: 60_000 });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(clock.running).toBe(0);
  });
});
