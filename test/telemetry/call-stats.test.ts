import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Invoke, type Method, methodsOf } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { HealthDefinition } from "../../src/gen/grpc/health/v1/health.js";
import { ServerReflectionDefinition } from "../../src/gen/grpc/reflection/v1/reflection.js";
import { LatencyHistogram, relativeError } from "../../src/telemetry/latency-histogram.js";
import { type CallStats, callStats } from "../../src/telemetry/telemetry.js";
import { ManualClock } from "../support/manual-clock.js";
import { FakeHandlerCall, methodOf, readAll, replyWith, streamOf } from "./support/fake-call.js";

describe("the statistics of calls", () => {
  let clock: ManualClock;
  let stats: CallStats;
  beforeEach(() => {
    clock = new ManualClock();
    stats = callStats({ clock });
  });

  function serve(handler: Invoke, method: Method = methodOf("unary")): ReturnType<Invoke> {
    return stats.middleware(handler)(new FakeHandlerCall({ method }));
  }

  function taking(ms: number): Invoke {
    return async () => {
      clock.advance(ms);
      return replyWith("pong");
    };
  }

  it("tell how many calls there were and how long they took", async () => {
    for (const ms of [10, 10, 10, 500]) await serve(taking(ms));
    const { calls, errors, p50Ms, p99Ms } = stats.take();
    expect({ calls, errors }).toEqual({ calls: 4, errors: 0 });
    expect(Math.abs((p50Ms as number) / 10 - 1)).toBeLessThanOrEqual(relativeError);
    expect(Math.abs((p99Ms as number) / 500 - 1)).toBeLessThanOrEqual(relativeError);
  });

  it("begin anew each time they are taken", async () => {
    await serve(taking(10));
    await expect(serve(() => Promise.reject(new Error("a bug")))).rejects.toThrow();
    expect(stats.take()).toMatchObject({ calls: 2, errors: 1 });
    expect(stats.take()).toEqual({ calls: 0, errors: 0 });
  });

  it("count as errors what the server is at fault for, thrown or rejected, and no business error", async () => {
    for (const code of Object.values(Code).filter((code) => code !== Code.OK)) {
      await expect(serve(() => Promise.reject(new RpcError(code, "because")))).rejects.toThrow("because");
    }
    await expect(
      serve(() => {
        throw new Error("at once");
      }),
    ).rejects.toThrow(RpcError);
    expect(stats.take()).toMatchObject({ calls: 17, errors: 7 });
  });

  it("count a stream when it has been read, with the time that took", async () => {
    const reply = await serve(async () => replyWith(streamOf(1, 2)), methodOf("serverStream"));
    expect(stats.take().calls).toBe(0);
    clock.advance(2000);
    expect(await readAll(reply.message)).toEqual([1, 2]);
    const { calls, p50Ms } = stats.take();
    expect(calls).toBe(1);
    expect(Math.abs((p50Ms as number) / 2000 - 1)).toBeLessThanOrEqual(relativeError);
  });

  it("count a stream that breaks, and one that is given up, once each", async () => {
    async function* breaking(): AsyncGenerator<number> {
      yield 1;
      throw new Error("a bug");
    }
    const broken = await serve(async () => replyWith(breaking()), methodOf("serverStream"));
    await expect(readAll(broken.message)).rejects.toThrow();
    const left = await serve(async () => replyWith(streamOf(1, 2)), methodOf("serverStream"));
    for await (const _ of left.message as AsyncIterable<unknown>) break;
    expect(stats.take()).toMatchObject({ calls: 2, errors: 1 });
  });

  it.each([HealthDefinition, ServerReflectionDefinition].flatMap(methodsOf))(
    "leave out $fullName, and pass it on as it is",
    async (method) => {
      const reply = replyWith(method.responseStream ? streamOf() : {});
      expect(await serve(async () => reply, method)).toBe(reply);
      expect(stats.take()).toEqual({ calls: 0, errors: 0 });
    },
  );
});

describe("a histogram of latencies", () => {
  /** By nearest rank. */
  function exact(latencies: readonly number[], share: number): number {
    const sorted = [...latencies].sort((a, b) => a - b);
    return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] as number;
  }

  function histogramOf(latencies: readonly number[]): LatencyHistogram {
    const histogram = new LatencyHistogram();
    for (const each of latencies) histogram.add(each);
    return histogram;
  }

  /** As likely a microsecond as an hour. */
  const latency = fc.double({ min: Math.log(0.001), max: Math.log(3_600_000), noNaN: true }).map(Math.exp);

  it("is within its error of every exact percentile, from 1 us to 1 h", () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (latencies, share) => {
          const expected = exact(latencies, share);
          const estimate = histogramOf(latencies).percentile(share) as number;
          expect(Math.abs(estimate / expected - 1)).toBeLessThanOrEqual(relativeError + 1e-9);
        },
      ),
    );
  });

  it("counts whatever takes no time, or ages, at its ends", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (latency) => {
        const estimate = histogramOf([latency]).percentile(1) as number;
        expect(estimate).toBeGreaterThan(0.00097);
        expect(estimate).toBeLessThan(3_600_000 * 1.021);
      }),
    );
  });

  it("knows nothing where nothing was counted, and once cleared", () => {
    const histogram = histogramOf([1, 2, 3]);
    histogram.clear();
    expect(histogram.total).toBe(0);
    expect(histogram.percentile(0.5)).toBeUndefined();
  });
});
