import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Invoke, type Method, methodsOf } from "../../src/contract/contract.js";
import { Code, type CodeName, codeName, RpcError } from "../../src/errors/errors.js";
import { HealthDefinition } from "../../src/gen/grpc/health/v1/health.js";
import { ServerReflectionDefinition } from "../../src/gen/grpc/reflection/v1/reflection.js";
import { serverTelemetry } from "../../src/telemetry/telemetry.js";
import { FakeHandlerCall, methodOf, readAll, replyWith, streamOf } from "./support/fake-call.js";
import { TestSdk } from "./support/sdk.js";

let sdk: TestSdk;
beforeEach(() => {
  sdk = new TestSdk().register();
});
afterEach(() => sdk.close());

function activeSpanId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().spanId;
}

describe("the span of an incoming call", () => {
  it("says who called, what, and how it ended", async () => {
    await serverTelemetry()(async () => replyWith("pong"))(
      new FakeHandlerCall({ method: methodOf("unary"), peer: "127.0.0.1:50123" }),
    );
    expect(sdk.spans[0]).toMatchObject({
      name: "hawser.test.v1.EchoService/Unary",
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
    });
    expect(sdk.spans[0]?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "hawser.test.v1.EchoService/Unary",
      "rpc.status_code": "OK",
      "network.peer.address": "127.0.0.1",
      "network.peer.port": 50123,
      "hawser.placement": "remote",
    });
  });

  it.each([
    ["memory", "local"],
    ["127.0.0.1:50123", "remote"],
    ["/run/orders.sock", "remote"],
  ])("says of a caller at %s that it is %s", async (peer, placement) => {
    await serverTelemetry()(async () => replyWith("pong"))(new FakeHandlerCall({ method: methodOf("unary"), peer }));
    expect(sdk.spans[0]?.attributes["hawser.placement"]).toBe(placement);
  });

  it("is active while the handler runs, across its awaits", async () => {
    const seen: (string | undefined)[] = [];
    await serverTelemetry()(async () => {
      seen.push(activeSpanId());
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(activeSpanId());
      return replyWith("pong");
    })(new FakeHandlerCall({ method: methodOf("unary") }));

    const spanId = sdk.spans[0]?.spanContext().spanId;
    expect(seen).toEqual([spanId, spanId]);
  });

  it("belongs to its caller's trace, not to what is active around the transport", async () => {
    const around = trace.getTracer("test").startSpan("around");
    await context.with(trace.setSpan(context.active(), around), () =>
      serverTelemetry()(async () => replyWith("pong"))(new FakeHandlerCall({ method: methodOf("unary") })),
    );
    expect(sdk.spans[0]?.parentSpanContext).toBeUndefined();
    around.end();
  });

  const faults: readonly CodeName[] = [
    "UNKNOWN",
    "DEADLINE_EXCEEDED",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
  ];
  const failures = Object.values(Code).filter((code) => code !== Code.OK);

  it.each(failures.map((code) => [codeName(code), code] as const))(
    "that ends in %s is in error only where the server is at fault",
    async (name, code) => {
      const failing = serverTelemetry()(() => Promise.reject(new RpcError(code, "because")));
      await expect(failing(new FakeHandlerCall({ method: methodOf("unary") }))).rejects.toThrow("because");
      const [span] = sdk.spans;
      expect(span?.attributes["rpc.status_code"]).toBe(name);
      expect(span?.status.code).toBe(faults.includes(name) ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
      expect(span?.attributes["error.type"]).toBe(faults.includes(name) ? name : undefined);
    },
  );

  it("keeps the cause of an unknown failure, and the id under which the caller knows it", async () => {
    const cause = new TypeError("cannot read properties of undefined");
    const failing = serverTelemetry()(() => Promise.reject(cause));
    const error = await failing(new FakeHandlerCall({ method: methodOf("unary") })).catch((reason) => reason);

    expect(error).toBeInstanceOf(RpcError);
    expect(error.message).toContain(sdk.spans[0]?.attributes["hawser.error_id"]);
    expect(sdk.spans[0]?.events[0]).toMatchObject({
      name: "exception",
      attributes: { "exception.type": "TypeError", "exception.message": cause.message },
    });
  });
});

describe("the span of an incoming stream", () => {
  it("is active in every step of the handler's generator, whoever reads", async () => {
    const seen: (string | undefined)[] = [];
    const handler: Invoke = async () => {
      async function* steps(): AsyncGenerator<number> {
        try {
          for (let index = 0; index < 3; index++) {
            seen.push(activeSpanId());
            await new Promise((resolve) => setImmediate(resolve));
            seen.push(activeSpanId());
            yield index;
          }
        } finally {
          seen.push(activeSpanId());
        }
      }
      return replyWith(steps());
    };
    const reply = await serverTelemetry()(handler)(new FakeHandlerCall({ method: methodOf("serverStream") }));
    for await (const index of reply.message as AsyncIterable<number>) {
      expect(activeSpanId()).toBeUndefined();
      if (index === 1) break;
    }
    const spanId = sdk.spans[0]?.spanContext().spanId;
    expect(spanId).toBeDefined();
    expect(seen).toEqual([spanId, spanId, spanId, spanId, spanId]);
  });

  it("counts what came and what went", async () => {
    const handler: Invoke = async (call) => {
      const requests = await readAll(call.message);
      return replyWith(streamOf(...requests, "end"));
    };
    const reply = await serverTelemetry()(handler)(
      new FakeHandlerCall({ method: methodOf("bidi"), message: streamOf("a", "b") }),
    );
    await readAll(reply.message);
    expect(sdk.spans[0]?.attributes).toMatchObject({ "hawser.messages.received": 2, "hawser.messages.sent": 3 });
  });

  it("ends with the reason for which the caller went", async () => {
    const controller = new AbortController();
    const reply = await serverTelemetry()(async () => replyWith(streamOf(1, 2, 3)))(
      new FakeHandlerCall({ method: methodOf("serverStream"), signal: controller.signal }),
    );
    for await (const _ of reply.message as AsyncIterable<unknown>) {
      controller.abort(new RpcError(Code.DEADLINE_EXCEEDED, "the deadline passed"));
      break;
    }
    expect(sdk.openSpans).toBe(0);
    expect(sdk.spans[0]?.attributes["rpc.status_code"]).toBe("DEADLINE_EXCEEDED");
    expect(sdk.spans[0]?.status.code).toBe(SpanStatusCode.ERROR);
  });

  it("does not leak where the stream is given up before it was read", async () => {
    const reply = await serverTelemetry()(async () => replyWith(streamOf(1)))(
      new FakeHandlerCall({ method: methodOf("serverStream") }),
    );
    await (reply.message as AsyncIterable<unknown>)[Symbol.asyncIterator]().return?.();
    expect(sdk.openSpans).toBe(0);
    expect(sdk.spans[0]?.attributes["rpc.status_code"]).toBe("CANCELLED");
    expect(sdk.spans[0]?.status.code).toBe(SpanStatusCode.UNSET);
  });
});

describe("calls of gRPC's own services", () => {
  const [check] = methodsOf(HealthDefinition);
  const [reflect] = methodsOf(ServerReflectionDefinition);

  it.each([check, reflect])("leave no spans and no metrics: $fullName", async (method) => {
    const made = new FakeHandlerCall({ method: method as Method });
    let seen: unknown;
    await serverTelemetry()(async (call) => {
      seen = call;
      return replyWith("pong");
    })(made);
    expect(seen).toBe(made);
    expect(sdk.spans).toEqual([]);
    expect(await sdk.histograms("rpc.server.call.duration")).toEqual([]);
  });

  it("are watched like any other where that is asked for", async () => {
    const watching = serverTelemetry({ infrastructure: true })(async () => replyWith("pong"));
    await watching(new FakeHandlerCall({ method: check as Method }));
    expect(sdk.spans.map(({ name }) => name)).toEqual(["grpc.health.v1.Health/Check"]);
    expect(await sdk.histograms("rpc.server.call.duration")).toHaveLength(1);
  });
});

describe("without an SDK", () => {
  it("passes the call on as it is", async () => {
    await sdk.close();
    const made = new FakeHandlerCall({ method: methodOf("serverStream") });
    const answer = replyWith(streamOf(1));
    let seen: unknown;
    const reply = await serverTelemetry()(async (call) => {
      seen = call;
      return answer;
    })(made);
    expect(seen).toBe(made);
    expect(reply).toBe(answer);
  });
});
