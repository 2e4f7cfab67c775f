import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Code, RpcError } from "../../src/errors/errors.js";
import { clientTelemetry, serverTelemetry } from "../../src/telemetry/telemetry.js";
import { ManualClock } from "../support/manual-clock.js";
import { FakeCall, FakeHandlerCall, instance, methodOf, readAll, replyWith, streamOf } from "./support/fake-call.js";
import { TestSdk } from "./support/sdk.js";

let sdk: TestSdk;
let clock: ManualClock;
beforeEach(() => {
  sdk = new TestSdk();
  clock = new ManualClock();
});
afterEach(() => sdk.close());

const unary = methodOf("unary");

describe("the duration of calls", () => {
  it("is measured in seconds, by method and status, in the advised buckets", async () => {
    const { call } = clientTelemetry({ meterProvider: sdk.meterProvider, clock, target: "echo" });
    const taking = (ms: number) =>
      call(async () => {
        clock.advance(ms);
        return replyWith("pong");
      });
    await taking(4)(new FakeCall({ method: unary }));
    await taking(300)(new FakeCall({ method: unary }));

    const points = await sdk.histograms("rpc.client.call.duration");
    expect(points).toHaveLength(1);
    expect(points[0]?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "hawser.test.v1.EchoService/Unary",
      "rpc.status_code": "OK",
      "server.address": "echo",
    });
    expect(points[0]?.value.count).toBe(2);
    expect(points[0]?.value.sum).toBeCloseTo(0.304);
    expect(points[0]?.value.buckets.boundaries).toEqual([
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]);
    expect(points[0]?.value.buckets.counts.indexOf(1)).toBe(0);
    expect(points[0]?.value.buckets.counts.lastIndexOf(1)).toBe(7);
  });

  it("of failed calls names the error, on the server only where it is the server's", async () => {
    const server = serverTelemetry({ meterProvider: sdk.meterProvider, clock });
    const { call } = clientTelemetry({ meterProvider: sdk.meterProvider, clock });
    for (const code of [Code.NOT_FOUND, Code.INTERNAL]) {
      const failing = () => Promise.reject(new RpcError(code, "because"));
      await expect(server(failing)(new FakeHandlerCall({ method: unary }))).rejects.toThrow();
      await expect(call(failing)(new FakeCall({ method: unary }))).rejects.toThrow();
    }
    const errorTypes = async (metric: string) =>
      (await sdk.histograms(metric)).map(({ attributes }) => [attributes["rpc.status_code"], attributes["error.type"]]);
    expect(await errorTypes("rpc.server.call.duration")).toEqual([
      ["NOT_FOUND", undefined],
      ["INTERNAL", "INTERNAL"],
    ]);
    expect(await errorTypes("rpc.client.call.duration")).toEqual([
      ["NOT_FOUND", "NOT_FOUND"],
      ["INTERNAL", "INTERNAL"],
    ]);
  });

  it("is kept apart by where the call went: in this process, over a wire, or nowhere", async () => {
    const { call, attempt } = clientTelemetry({ meterProvider: sdk.meterProvider });
    const server = serverTelemetry({ meterProvider: sdk.meterProvider });
    const answer = async () => replyWith("pong");
    for (const endpoint of ["memory://echo", "grpc://10.0.0.1:50051", "memory://echo"]) {
      const asked = attempt(answer);
      await call((made) => asked(made.with({ attempt: 1, instance: instance("echo-1", endpoint) })))(
        new FakeCall({ method: unary }),
      );
    }
    await call(answer)(new FakeCall({ method: unary }));
    for (const peer of ["memory", "127.0.0.1:50123"])
      await server(answer)(new FakeHandlerCall({ method: unary, peer }));

    const counts = async (metric: string) =>
      (await sdk.histograms(metric)).map(({ attributes, value }) => [attributes["hawser.placement"], value.count]);
    expect(await counts("rpc.client.call.duration")).toEqual([
      ["local", 2],
      ["remote", 1],
      [undefined, 1],
    ]);
    expect(await counts("rpc.server.call.duration")).toEqual([
      ["local", 1],
      ["remote", 1],
    ]);
  });

  it("of a stream lasts until its last message has been read", async () => {
    const { call } = clientTelemetry({ meterProvider: sdk.meterProvider, clock });
    const reply = await call(async () => replyWith(streamOf(1, 2)))(new FakeCall({ method: methodOf("serverStream") }));
    expect(await sdk.histograms("rpc.client.call.duration")).toHaveLength(0);
    clock.advance(2000);
    await readAll(reply.message);
    expect((await sdk.histograms("rpc.client.call.duration"))[0]?.value.sum).toBeCloseTo(2);
  });
});

describe("calls in flight", () => {
  it("are counted together for all clients of a method, and go back to none", async () => {
    const answers: (() => void)[] = [];
    const waiting = () =>
      new Promise<ReturnType<typeof replyWith>>((resolve) => answers.push(() => resolve(replyWith("pong"))));
    const options = { meterProvider: sdk.meterProvider, target: "echo" };
    const calls = [clientTelemetry(options), clientTelemetry(options)].map(({ call }) =>
      call(waiting)(new FakeCall({ method: unary })),
    );
    expect((await sdk.points("hawser.client.calls_in_flight")).map(({ value }) => value)).toEqual([2]);

    for (const answer of answers) answer();
    await Promise.all(calls);
    expect((await sdk.points("hawser.client.calls_in_flight")).map(({ value }) => value)).toEqual([0]);
  });

  it("do not grow by calls that fail, at once or later", async () => {
    const server = serverTelemetry({ meterProvider: sdk.meterProvider });
    const failures = [
      () => Promise.reject(new Error("later")),
      () => {
        throw new Error("at once");
      },
    ];
    for (const failing of failures) {
      await expect(server(failing)(new FakeHandlerCall({ method: unary }))).rejects.toThrow(RpcError);
    }
    expect((await sdk.points("hawser.server.calls_in_flight")).map(({ value }) => value)).toEqual([0]);
    expect((await sdk.histograms("rpc.server.call.duration"))[0]?.value.count).toBe(2);
  });

  it("are kept apart by server", async () => {
    for (const target of ["orders", "inventory"]) {
      const { call } = clientTelemetry({ meterProvider: sdk.meterProvider, target });
      await call(async () => replyWith("pong"))(new FakeCall({ method: unary }));
    }
    const points = await sdk.points("hawser.client.calls_in_flight");
    expect(points.map(({ attributes }) => attributes["server.address"])).toEqual(["orders", "inventory"]);
  });
});
