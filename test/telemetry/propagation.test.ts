import { context, propagation, type TextMapPropagator, trace } from "@opentelemetry/api";
import { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Invoke, Metadata } from "../../src/contract/contract.js";
import { clientTelemetry, serverTelemetry } from "../../src/telemetry/telemetry.js";
import { FakeCall, FakeHandlerCall, methodOf, readAll, replyWith, wireTo } from "./support/fake-call.js";
import { TestSdk } from "./support/sdk.js";

let sdk: TestSdk;
beforeEach(() => {
  sdk = new TestSdk().register();
});
afterEach(() => sdk.close());

const remoteParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** What a handler's own call would carry. */
function nextHop(seen: (metadata: Metadata) => void): Invoke {
  const { call } = clientTelemetry();
  return call(async (made) => {
    seen(made.metadata);
    return replyWith("pong");
  });
}

describe("one trace across services", () => {
  it("has the server's span as a child of the client's, through metadata alone", async () => {
    const { call } = clientTelemetry();
    await call(wireTo(serverTelemetry(), async () => replyWith("pong")))(new FakeCall({ method: methodOf("unary") }));

    const [server, client] = sdk.spans;
    expect(server?.spanContext().traceId).toBe(client?.spanContext().traceId);
    expect(server?.parentSpanContext).toMatchObject({ spanId: client?.spanContext().spanId, isRemote: true });
  });

  it("goes on through the calls a handler makes, in its stream too", async () => {
    const inner = clientTelemetry().call(wireTo(serverTelemetry(), async () => replyWith("inner")));
    const handler: Invoke = async () => {
      async function* relay(): AsyncGenerator<unknown> {
        for (let index = 0; index < 2; index++) {
          yield (await inner(new FakeCall({ method: methodOf("unary") }))).message;
        }
      }
      return replyWith(relay());
    };
    const outer = clientTelemetry().call(wireTo(serverTelemetry(), handler));
    await readAll((await outer(new FakeCall({ method: methodOf("serverStream") }))).message);

    const server = sdk.spans.find(({ name, kind }) => name.endsWith("/ServerStream") && kind === 1);
    const innerCalls = sdk.spans.filter(({ name, kind }) => name.endsWith("/Unary") && kind === 2);
    expect(innerCalls).toHaveLength(2);
    for (const each of innerCalls) expect(each.parentSpanContext?.spanId).toBe(server?.spanContext().spanId);
    expect(new Set(sdk.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it("leaves the caller's metadata as it was", async () => {
    const metadata = new Metadata({ "x-tenant": "1" });
    let sent = metadata;
    await nextHop((each) => {
      sent = each;
    })(new FakeCall({ method: methodOf("unary"), metadata }));
    expect([...metadata.keys()]).toEqual(["x-tenant"]);
    expect([...sent.keys()]).toEqual(["x-tenant", "traceparent"]);
  });

  it("carries tracestate and baggage on", async () => {
    let sent = new Metadata();
    const handler: Invoke = async () => {
      expect(propagation.getActiveBaggage()?.getEntry("tenant")?.value).toBe("acme");
      return nextHop((metadata) => {
        sent = metadata;
      })(new FakeCall({ method: methodOf("unary") }));
    };
    const metadata = new Metadata({ traceparent: remoteParent, tracestate: "vendor=1", baggage: "tenant=acme" });
    await serverTelemetry()(handler)(new FakeHandlerCall({ method: methodOf("unary"), metadata }));

    expect(sent.get("traceparent")).toContain("0af7651916cd43dd8448eb211c80319c");
    expect(sent.get("tracestate")).toBe("vendor=1");
    expect(sent.get("baggage")).toBe("tenant=acme");
  });

  it("joins a tracestate that came in several fields", async () => {
    const metadata = new Metadata({ traceparent: remoteParent, tracestate: ["a=1", "b=2"] });
    await serverTelemetry()(async () => replyWith("pong"))(
      new FakeHandlerCall({ method: methodOf("unary"), metadata }),
    );
    expect(sdk.spans[0]?.spanContext().traceState?.serialize()).toBe("a=1,b=2");
  });

  it("does not give a new trace the state of another", async () => {
    let sent = new Metadata();
    const inherited = new Metadata({ traceparent: remoteParent, tracestate: "vendor=1" });
    await nextHop((metadata) => {
      sent = metadata;
    })(new FakeCall({ method: methodOf("unary"), metadata: inherited }));
    expect(sent.get("traceparent")).not.toBe(remoteParent);
    expect(sent.has("tracestate")).toBe(false);
  });

  it("begins anew where the caller's header cannot be read", async () => {
    const metadata = new Metadata({ traceparent: "00-nonsense" });
    await serverTelemetry()(async () => replyWith("pong"))(
      new FakeHandlerCall({ method: methodOf("unary"), metadata }),
    );
    expect(sdk.spans[0]?.parentSpanContext).toBeUndefined();
  });

  it("follows the caller's decision not to sample", async () => {
    await sdk.close();
    sdk = new TestSdk({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) }).register();
    let active: string | undefined;
    const metadata = new Metadata({ traceparent: remoteParent.replace(/01$/, "00") });
    await serverTelemetry()(async () => {
      active = trace.getActiveSpan()?.spanContext().traceId;
      return replyWith("pong");
    })(new FakeHandlerCall({ method: methodOf("unary"), metadata }));
    expect(sdk.spans).toHaveLength(0);
    expect(active).toBe("0af7651916cd43dd8448eb211c80319c");
  });

  it("runs a stream in its context even where it is not sampled", async () => {
    await sdk.close();
    sdk = new TestSdk({ sampler: new AlwaysOffSampler() }).register();
    async function* traceIds(): AsyncGenerator<string | undefined> {
      yield trace.getActiveSpan()?.spanContext().traceId;
    }
    const metadata = new Metadata({ traceparent: remoteParent });
    const reply = await serverTelemetry()(async () => replyWith(traceIds()))(
      new FakeHandlerCall({ method: methodOf("serverStream"), metadata }),
    );
    expect(await readAll(reply.message)).toEqual(["0af7651916cd43dd8448eb211c80319c"]);
  });

  it("never makes a call fail, even with a propagator that does", async () => {
    const broken: TextMapPropagator = {
      inject() {
        throw new Error("inject");
      },
      extract() {
        throw new Error("extract");
      },
      fields: () => ["x-trace"],
    };
    const { call } = clientTelemetry({ propagator: broken });
    const wire = wireTo(serverTelemetry({ propagator: broken }), async () => replyWith("pong"));
    const reply = await call(wire)(new FakeCall({ method: methodOf("unary") }));
    expect(reply.message).toBe("pong");
    expect(sdk.spans).toHaveLength(2);
  });

  it("passes a context on where spans are switched off and only headers cross", async () => {
    let sent = new Metadata();
    trace.disable();
    const handler: Invoke = () =>
      nextHop((metadata) => {
        sent = metadata;
      })(new FakeCall({ method: methodOf("unary") }));
    const metadata = new Metadata({ traceparent: remoteParent, baggage: "tenant=acme" });
    await serverTelemetry()(handler)(new FakeHandlerCall({ method: methodOf("unary"), metadata }));
    expect(sent.get("traceparent")).toBe(remoteParent);
    expect(sent.get("baggage")).toBe("tenant=acme");
    expect(context.active()).toBeDefined();
  });
});
