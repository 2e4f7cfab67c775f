import { context, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Invoke, Logger } from "../../src/contract/contract.js";
import { Code, codeName, RpcError } from "../../src/errors/errors.js";
import {
  callLogging,
  clientTelemetry,
  createLogger,
  logFields,
  serverTelemetry,
} from "../../src/telemetry/telemetry.js";
import { ManualClock } from "../support/manual-clock.js";
import { FakeCall, FakeHandlerCall, instance, methodOf, readAll, replyWith, streamOf } from "./support/fake-call.js";
import { TestSdk } from "./support/sdk.js";

interface Line {
  readonly [field: string]: unknown;
}

/** A logger and the lines it wrote, parsed. */
function capture(level: "debug" | "info" = "debug"): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { logger: createLogger({ service: "orders", version: "1.2.3", level, destination }), lines };
}

let sdk: TestSdk;
beforeEach(() => {
  sdk = new TestSdk().register();
});
afterEach(() => sdk.close());

describe("a logger", () => {
  it("names the service in every line, children included", () => {
    const { logger, lines } = capture();
    logger.info({ order: 17 }, "placed");
    logger.child({ instance: "orders-1" }).warn({}, "slow");
    expect(lines).toMatchObject([
      { level: "info", service: "orders", version: "1.2.3", order: 17, msg: "placed" },
      { level: "warn", service: "orders", version: "1.2.3", instance: "orders-1", msg: "slow" },
    ]);
    expect(new Date(lines[0]?.["time"] as string).getTime()).not.toBeNaN();
  });

  it("names the active span in every line written inside it, and none outside", () => {
    const { logger, lines } = capture();
    const span = trace.getTracer("test").startSpan("work");
    context.with(trace.setSpan(context.active(), span), () => {
      logger.info({}, "inside");
      expect(logFields()).toEqual({ trace_id: span.spanContext().traceId, span_id: span.spanContext().spanId });
    });
    logger.info({}, "outside");
    expect(lines[0]).toMatchObject({ trace_id: span.spanContext().traceId, span_id: span.spanContext().spanId });
    expect(lines[1]).not.toHaveProperty("trace_id");
    span.end();
  });

  it("writes nothing below its level", () => {
    const { logger, lines } = capture("info");
    logger.debug({}, "detail");
    expect(lines).toEqual([]);
  });
});

describe("the log of calls", () => {
  it("has one line for an incoming call: method, code, duration, caller, and the call's own span", async () => {
    const { logger, lines } = capture();
    const clock = new ManualClock();
    const serve = serverTelemetry()(
      callLogging({ logger, clock })(async () => {
        clock.advance(12.5);
        return replyWith("pong");
      }),
    );
    await serve(new FakeHandlerCall({ method: methodOf("unary"), peer: "127.0.0.1:50123" }));
    const span = sdk.spans[0]?.spanContext();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "debug",
      msg: "call served",
      method: "hawser.test.v1.EchoService/Unary",
      code: "OK",
      duration_ms: 12.5,
      peer: "127.0.0.1:50123",
      trace_id: span?.traceId,
      span_id: span?.spanId,
    });
  });

  it("has one line for an attempt: instance and number, and the span of the call it belongs to", async () => {
    const { logger, lines } = capture();
    const { call, attempt } = clientTelemetry();
    const attempts = attempt(callLogging({ logger })(async () => replyWith("pong")));
    const invoke = call((made) => attempts(made.with({ attempt: 2, instance: instance("echo-1") })));
    await invoke(new FakeCall({ method: methodOf("unary") }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      msg: "call made",
      instance: "echo-1",
      attempt: 2,
      trace_id: sdk.spans[0]?.spanContext().traceId,
      span_id: sdk.spans[0]?.spanContext().spanId,
    });
  });

  it.each([
    [Code.NOT_FOUND, "info"],
    [Code.CANCELLED, "info"],
    [Code.UNAUTHENTICATED, "info"],
    [Code.UNAVAILABLE, "warn"],
    [Code.DEADLINE_EXCEEDED, "warn"],
    [Code.RESOURCE_EXHAUSTED, "warn"],
    [Code.UNKNOWN, "error"],
    [Code.INTERNAL, "error"],
    [Code.DATA_LOSS, "error"],
  ] as const)("writes code %i at %s", async (code, level) => {
    const { logger, lines } = capture();
    const failing: Invoke = () => Promise.reject(new RpcError(code, "because"));
    await expect(
      callLogging({ logger })(failing)(new FakeHandlerCall({ method: methodOf("unary") })),
    ).rejects.toThrow();
    expect(lines).toMatchObject([{ level, code: codeName(code), error: "because" }]);
  });

  it("tells what an unknown failure was, under the id its caller was given", async () => {
    const { logger, lines } = capture();
    const failing: Invoke = () => Promise.reject(new TypeError("stock is undefined"));
    const serve = serverTelemetry()(callLogging({ logger })(failing));
    const error: RpcError = await serve(new FakeHandlerCall({ method: methodOf("unary") })).then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error.message).not.toContain("stock");
    expect(error.message).toContain(lines[0]?.["error_id"]);
    expect(lines[0]).toMatchObject({ level: "error", err: { type: "TypeError", message: "stock is undefined" } });
    expect(sdk.spans[0]?.attributes["hawser.error_id"]).toBe(lines[0]?.["error_id"]);
  });

  it("waits for the end of a stream, and names its span there too", async () => {
    const { logger, lines } = capture();
    const serve = serverTelemetry()(callLogging({ logger })(async () => replyWith(streamOf(1, 2))));
    const reply = await serve(new FakeHandlerCall({ method: methodOf("serverStream") }));
    expect(lines).toHaveLength(0);
    await readAll(reply.message);
    expect(lines).toMatchObject([{ code: "OK", trace_id: sdk.spans[0]?.spanContext().traceId }]);
  });
});
