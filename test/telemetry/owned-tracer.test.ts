import { context, ROOT_CONTEXT, type Span, type TracerProvider, trace } from "@opentelemetry/api";
import { resources } from "@opentelemetry/sdk-node";
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OwnedTracerProvider, ownerOfParent } from "../../src/telemetry/owned-tracer.js";
import { TestSdk } from "./support/sdk.js";

const orders = resources.resourceFromAttributes({ "service.name": "orders" });
let sdk: TestSdk;
beforeEach(() => {
  sdk = new TestSdk().register();
});
afterEach(() => sdk.close());

function owned(): TracerProvider {
  return new OwnedTracerProvider(trace.getTracerProvider(), () => orders);
}

describe("a provider of spans of a service", () => {
  it("starts each with the resource of the service, and leaves the rest to the SDK", () => {
    owned()
      .getTracer("a library", "1.2.3")
      .startSpan("read", { attributes: { rows: 3 } })
      .end();
    expect(sdk.spans[0]).toMatchObject({
      name: "read",
      attributes: { rows: 3 },
      instrumentationScope: { name: "a library", version: "1.2.3" },
    });
    expect(sdk.spans[0]?.resource).toBe(orders);
  });

  it("makes a span the active one, in each form the API knows", () => {
    const tracer = owned().getTracer("a library");
    const run = (span: Span): string => {
      expect(trace.getActiveSpan()).toBe(span);
      span.end();
      return "done";
    };
    const parent = tracer.startSpan("parent");
    const within = trace.setSpan(ROOT_CONTEXT, parent);
    expect(tracer.startActiveSpan("plain", run)).toBe("done");
    expect(tracer.startActiveSpan("with options", { attributes: { rows: 3 } }, run)).toBe("done");
    expect(tracer.startActiveSpan("in a context", {}, within, run)).toBe("done");

    expect(sdk.spans.map(({ name }) => name)).toEqual(["plain", "with options", "in a context"]);
    expect(sdk.spans.map(({ resource }) => resource)).toEqual([orders, orders, orders]);
    expect(sdk.spans[1]?.attributes).toEqual({ rows: 3 });
    expect(sdk.spans[2]?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    parent.end();
  });

  it("has nothing to say of what is not sampled", async () => {
    await sdk.close();
    sdk = new TestSdk({ sampler: new AlwaysOffSampler() }).register();
    const span = owned().getTracer("a library").startSpan("read");
    expect(span.isRecording()).toBe(false);
    expect(span).not.toHaveProperty("resource");
  });
});

describe("what runs in a span of a service", () => {
  it("is of that service, whoever starts it; what runs outside stays the process's", () => {
    const inheriting = new OwnedTracerProvider(trace.getTracerProvider(), ownerOfParent).getTracer("a database");
    const handler = owned().getTracer("hawser").startSpan("handler");
    context.with(trace.setSpan(context.active(), handler), () => {
      inheriting.startActiveSpan("query", (query) => {
        inheriting.startSpan("row").end();
        query.end();
      });
    });
    inheriting.startSpan("outside").end();
    const inherited = Object.fromEntries(sdk.spans.map(({ name, resource }) => [name, resource === orders]));
    expect(inherited).toEqual({ row: true, query: true, outside: false });
    handler.end();
  });
});
