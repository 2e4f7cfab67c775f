import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepContext } from "../../src/telemetry/async-context.js";
import { SpanRecording } from "../../src/telemetry/recording-tracer.js";
import { traceParent } from "../../src/telemetry/trace-parent.js";
import { ManualClock } from "../support/manual-clock.js";

let clock: ManualClock;
let recording: SpanRecording;
let release: () => void;
beforeEach(() => {
  clock = new ManualClock(1_000);
  recording = new SpanRecording(clock);
  release = keepContext();
});
afterEach(() => release());

const tracer = () => recording.telemetry("orders").tracerProvider!.getTracer("test");

describe("a recording tracer", () => {
  it("keeps what is said of a span until it ends, and nothing after", () => {
    const span = tracer().startSpan("draft", { kind: SpanKind.CLIENT, attributes: { a: 1 } });
    clock.advance(5);
    span.updateName("place").setAttribute("b", 2).setStatus({ code: SpanStatusCode.ERROR, message: "no" });
    span.addEvent("step", { c: 3 });
    span.recordException(new TypeError("wrong"));
    clock.advance(5);
    span.end();
    span.setAttribute("late", true).setStatus({ code: SpanStatusCode.OK }).updateName("late").addEvent("late").end();

    expect(recording.spans).toMatchObject([
      {
        service: "orders",
        name: "place",
        kind: "client",
        parentSpanId: undefined,
        attributes: { a: 1, b: 2 },
        events: [
          { name: "step", attributes: { c: 3 }, at: 1_005 },
          { name: "exception", attributes: { "exception.type": "TypeError", "exception.message": "wrong" } },
        ],
        status: "error",
        statusMessage: "no",
        startedAt: 1_000,
        endedAt: 1_010,
      },
    ]);
    expect(recording.spans[0]?.attributes).not.toHaveProperty("late");
  });

  it("puts a span below the active one, across every await, unless it is to be a root", async () => {
    await tracer().startActiveSpan("outer", async () => {
      await Promise.resolve();
      await tracer().startActiveSpan("inner", {}, async () => {});
      tracer().startSpan("root", { root: true });
      tracer().startActiveSpan("elsewhere", {}, ROOT_CONTEXT, () => {});
    });

    const [outer, inner, root, elsewhere] = recording.spans;
    expect(inner).toMatchObject({ traceId: outer?.traceId, parentSpanId: outer?.spanId });
    expect([root?.parentSpanId, elsewhere?.parentSpanId]).toEqual([undefined, undefined]);
    expect(new Set(recording.spans.map(({ traceId }) => traceId)).size).toBe(3);
  });

  it("counts its ids up, so that the same work gives the same spans", () => {
    tracer().startSpan("one");
    tracer().startSpan("two");
    expect(recording.spans.map(({ spanId }) => spanId)).toEqual(["0000000000000001", "0000000000000002"]);
  });
});

describe("the trace context it sends along", () => {
  const setter = {
    set(carrier: Record<string, string>, key: string, value: string) {
      carrier[key] = value;
    },
  };
  const getter = { keys: Object.keys, get: (carrier: Record<string, string>, key: string) => carrier[key] };

  it("arrives as it left", () => {
    const span = tracer().startSpan("call");
    const carrier: Record<string, string> = {};
    traceParent.inject(trace.setSpan(ROOT_CONTEXT, span), carrier, setter);

    const { traceId, spanId } = span.spanContext();
    expect(carrier).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
    expect(trace.getSpanContext(traceParent.extract(ROOT_CONTEXT, carrier, getter))).toMatchObject({
      traceId,
      spanId,
      isRemote: true,
    });
  });

  it.each([
    ["none", {}],
    ["one that is broken", { traceparent: "00-zz-11-01" }],
  ])("is the root's where there is %s", (_, carrier) => {
    expect(traceParent.extract(ROOT_CONTEXT, carrier, getter)).toBe(ROOT_CONTEXT);
  });

  it("is not sent where there is none", () => {
    const carrier = {};
    traceParent.inject(ROOT_CONTEXT, carrier, setter);
    expect(carrier).toEqual({});
  });
});

describe("the active context", () => {
  it("goes along with a function that was bound to it", () => {
    const span = tracer().startSpan("bound");
    const bound = context.bind(trace.setSpan(ROOT_CONTEXT, span), () => trace.getActiveSpan());
    expect(bound()).toBe(span);
    expect(trace.getActiveSpan()).toBeUndefined();
  });

  it("stays another's where another keeps it", () => {
    const second = keepContext();
    second();
    second();
    const span = tracer().startSpan("still kept");
    expect(context.with(trace.setSpan(ROOT_CONTEXT, span), () => trace.getActiveSpan())).toBe(span);
  });
});
