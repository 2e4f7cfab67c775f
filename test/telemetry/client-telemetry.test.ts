import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Invoke, Metadata } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { clientTelemetry } from "../../src/telemetry/telemetry.js";
import { FakeCall, instance, methodOf, readAll, replyWith, streamOf } from "./support/fake-call.js";
import { TestSdk } from "./support/sdk.js";

let sdk: TestSdk;
beforeEach(() => {
  sdk = new TestSdk().register();
});
afterEach(() => sdk.close());

const notFound = new RpcError(Code.NOT_FOUND, "no order 17");

describe("the span of an outgoing call", () => {
  it("is named after the method and says whom it called and how it ended", async () => {
    const { call } = clientTelemetry({ target: "grpc://orders.local:50051" });
    await call(async () => replyWith("pong"))(new FakeCall({ method: methodOf("unary") }));

    expect(sdk.spans).toHaveLength(1);
    expect(sdk.spans[0]).toMatchObject({
      name: "hawser.test.v1.EchoService/Unary",
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      instrumentationScope: { name: "hawser" },
    });
    expect(sdk.spans[0]?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "hawser.test.v1.EchoService/Unary",
      "rpc.status_code": "OK",
      "server.address": "orders.local",
      "server.port": 50051,
    });
  });

  it.each([
    ["inventory", { "server.address": "inventory" }],
    ["grpc://[::1]:50051", { "server.address": "::1", "server.port": 50051 }],
    ["grpc+unix:///run/orders.sock", { "server.address": "/run/orders.sock" }],
    ["memory://orders", { "server.address": "orders" }],
    ["etcd://10.0.0.1:2379/prod", { "server.address": "etcd://10.0.0.1:2379/prod" }],
  ])("names the server of %s as the conventions ask", async (target, expected) => {
    await clientTelemetry({ target }).call(async () => replyWith("pong"))(new FakeCall({ method: methodOf("unary") }));
    const { "server.address": address, "server.port": port } = sdk.spans[0]?.attributes ?? {};
    expect({ "server.address": address, ...(port === undefined ? {} : { "server.port": port }) }).toEqual(expected);
  });

  it("is in error for every status but OK, with the error's text", async () => {
    const { call } = clientTelemetry();
    const failing = call(() => Promise.reject(notFound));
    await expect(failing(new FakeCall({ method: methodOf("unary") }))).rejects.toBe(notFound);

    expect(sdk.spans[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: "no order 17" });
    expect(sdk.spans[0]?.attributes).toMatchObject({ "rpc.status_code": "NOT_FOUND", "error.type": "NOT_FOUND" });
  });

  it("ends when something inside throws instead of rejecting", async () => {
    const { call } = clientTelemetry();
    const broken = call(() => {
      throw notFound;
    });
    await expect(broken(new FakeCall({ method: methodOf("unary") }))).rejects.toBe(notFound);
    expect(sdk.openSpans).toBe(0);
  });

  it("is a child of the span that is active where the call is made", async () => {
    const { call } = clientTelemetry();
    const parent = trace.getTracer("test").startSpan("parent");
    await context.with(trace.setSpan(context.active(), parent), () =>
      call(async () => replyWith("pong"))(new FakeCall({ method: methodOf("unary") })),
    );
    expect(sdk.spans[0]?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    parent.end();
  });

  it.each(["onStart", "onEnd"])("survives a span processor whose %s throws: the call succeeds", async (broken) => {
    await sdk.close();
    const processor = {
      onStart() {},
      onEnd() {},
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
      [broken]() {
        throw new Error("a bug of a span processor");
      },
    };
    sdk = new TestSdk({ spanProcessors: [processor] }).register();
    const invoke = clientTelemetry().call(async () => replyWith("pong"));
    const reply = await invoke(new FakeCall({ method: methodOf("unary") }));
    expect(reply.message).toBe("pong");
    expect((await sdk.histograms("rpc.client.call.duration"))[0]?.value.count).toBe(1);
  });
});

describe("the span of an outgoing stream", () => {
  const counted = { "hawser.messages.sent": 1, "hawser.messages.received": 3, "rpc.status_code": "OK" };

  it("lasts until the last response has been read, and counts messages", async () => {
    const { call } = clientTelemetry();
    const reply = await call(async () => replyWith(streamOf(1, 2, 3)))(
      new FakeCall({ method: methodOf("serverStream") }),
    );
    expect(sdk.openSpans).toBe(1);

    expect(await readAll(reply.message)).toEqual([1, 2, 3]);
    expect(sdk.openSpans).toBe(0);
    expect(sdk.spans[0]?.attributes).toMatchObject(counted);
  });

  it("counts the requests of a client stream", async () => {
    const reading: Invoke = async (made) => replyWith((await readAll(made.message)).length);
    const reply = await clientTelemetry().call(reading)(
      new FakeCall({ method: methodOf("clientStream"), message: streamOf("a", "b") }),
    );
    expect(reply.message).toBe(2);
    expect(sdk.spans[0]?.attributes).toMatchObject({ "hawser.messages.sent": 2, "hawser.messages.received": 1 });
  });

  it("counts both directions of a bidi stream", async () => {
    const echo: Invoke = async (made) => replyWith(made.message);
    const reply = await clientTelemetry().call(echo)(
      new FakeCall({ method: methodOf("bidi"), message: streamOf("a", "b") }),
    );
    expect(await readAll(reply.message)).toEqual(["a", "b"]);
    expect(sdk.spans[0]?.attributes).toMatchObject({ "hawser.messages.sent": 2, "hawser.messages.received": 2 });
  });

  it("keeps the header and the trailer of the reply", async () => {
    const original = {
      ...replyWith(streamOf(1)),
      header: new Metadata({ a: "1" }),
      trailer: () => new Metadata({ b: "2" }),
    };
    const reply = await clientTelemetry().call(async () => original)(
      new FakeCall({ method: methodOf("serverStream") }),
    );
    expect(reply.header.get("a")).toBe("1");
    expect(reply.trailer().get("b")).toBe("2");
    await readAll(reply.message);
  });

  it("ends with the error that breaks it", async () => {
    async function* breaking(): AsyncGenerator<number> {
      yield 1;
      throw notFound;
    }
    const reply = await clientTelemetry().call(async () => replyWith(breaking()))(
      new FakeCall({ method: methodOf("serverStream") }),
    );
    await expect(readAll(reply.message)).rejects.toBe(notFound);
    expect(sdk.openSpans).toBe(0);
    expect(sdk.spans[0]?.attributes).toMatchObject({ "rpc.status_code": "NOT_FOUND", "hawser.messages.received": 1 });
  });

  it("ends as cancelled when the reader breaks off, and the stream is given up", async () => {
    let givenUp = false;
    async function* endless(): AsyncGenerator<number> {
      try {
        for (let index = 0; ; index++) yield index;
      } finally {
        givenUp = true;
      }
    }
    const reply = await clientTelemetry().call(async () => replyWith(endless()))(
      new FakeCall({ method: methodOf("serverStream") }),
    );
    for await (const message of reply.message as AsyncIterable<number>) if (message === 4) break;

    expect(givenUp).toBe(true);
    expect(sdk.spans).toHaveLength(1);
    expect(sdk.spans[0]?.attributes).toMatchObject({ "rpc.status_code": "CANCELLED", "hawser.messages.received": 5 });
  });

  it("ends when the call is cancelled while the reader waits", async () => {
    const controller = new AbortController();
    const cancelled = new RpcError(Code.CANCELLED, "cancelled by the caller");
    async function* waiting(): AsyncGenerator<number> {
      yield 1;
      await new Promise((_, reject) => controller.signal.addEventListener("abort", () => reject(cancelled)));
    }
    const reply = await clientTelemetry().call(async () => replyWith(waiting()))(
      new FakeCall({ method: methodOf("serverStream"), signal: controller.signal }),
    );
    const reader = (reply.message as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    await reader.next();
    const reading = reader.next();
    controller.abort();
    await expect(reading).rejects.toBe(cancelled);
    expect(sdk.openSpans).toBe(0);
    expect(sdk.spans[0]?.attributes["rpc.status_code"]).toBe("CANCELLED");
  });

  it("ends once, whatever the reader still does", async () => {
    const reply = await clientTelemetry().call(async () => replyWith(streamOf(1)))(
      new FakeCall({ method: methodOf("serverStream") }),
    );
    const iterator = (reply.message as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    while (!(await iterator.next()).done);
    await iterator.next();
    await iterator.return?.();
    expect(sdk.spans).toHaveLength(1);
    expect(sdk.spans[0]?.attributes["rpc.status_code"]).toBe("OK");
  });
});

describe("attempts", () => {
  const wired = instance("echo-1", "grpc://10.0.0.1:50051");
  const other = instance("echo-2", "grpc://10.0.0.2:50052");
  const down = new RpcError(Code.UNAVAILABLE, "connection refused", { unprocessed: true });

  /** Each attempt but the last fails. */
  function retried(answer: Invoke, first = wired, second = other): Invoke {
    const { call, attempt } = clientTelemetry({ target: "echo" });
    const attempts = attempt((made) => (made.attempt === 1 ? Promise.reject(down) : answer(made)));
    return call((made) =>
      attempts(made.with({ attempt: 1, instance: first })).catch(() =>
        attempts(made.with({ attempt: 2, instance: second })),
      ),
    );
  }

  function eventsOf(): object[] | undefined {
    return sdk.spans[0]?.events.map(({ name, attributes }) => ({ name, ...attributes }));
  }

  it("are events of one span, each with its number, its instance and how it ended", async () => {
    await retried(async () => replyWith("pong"))(new FakeCall({ method: methodOf("unary") }));

    expect(sdk.spans).toHaveLength(1);
    expect(eventsOf()).toEqual([
      { name: "attempt", "hawser.attempt.number": 1, "hawser.instance.id": "echo-1", "rpc.status_code": "UNAVAILABLE" },
      { name: "attempt", "hawser.attempt.number": 2, "hawser.instance.id": "echo-2", "rpc.status_code": "OK" },
    ]);
  });

  it("leave the address that was asked last in the span", async () => {
    await retried(async () => replyWith("pong"))(new FakeCall({ method: methodOf("unary") }));
    expect(sdk.spans[0]?.attributes).toMatchObject({
      "server.address": "echo",
      "network.peer.address": "10.0.0.2",
      "network.peer.port": 50052,
    });
  });

  const inProcess = { ...instance("echo-3"), endpoints: ["grpc://10.0.0.3:50053", "memory://echo"] };

  it("say whether the instance asked last is in this process", async () => {
    await retried(async () => replyWith("pong"), wired, inProcess)(new FakeCall({ method: methodOf("unary") }));
    await retried(async () => replyWith("pong"), inProcess, wired)(new FakeCall({ method: methodOf("unary") }));
    expect(sdk.spans.map(({ attributes }) => attributes["hawser.placement"])).toEqual(["local", "remote"]);
  });

  it("leave nothing of an earlier one's address in the span", async () => {
    const local = instance("echo-3", "memory://echo");
    await retried(async () => replyWith("pong"), wired, local)(new FakeCall({ method: methodOf("unary") }));
    expect(sdk.spans[0]?.attributes).toMatchObject({ "network.peer.address": "echo", "hawser.instance.id": "echo-3" });
    expect(sdk.spans[0]?.attributes).not.toHaveProperty("network.peer.port");
  });

  it("that there were none of leave the call without a place", async () => {
    await expect(
      clientTelemetry().call(() => Promise.reject(down))(new FakeCall({ method: methodOf("unary") })),
    ).rejects.toBe(down);
    expect(sdk.spans[0]?.attributes).not.toHaveProperty("hawser.placement");
  });

  it("end with the stream they answer with", async () => {
    async function* breaking(): AsyncGenerator<number> {
      yield 1;
      throw notFound;
    }
    const reply = await retried(async () => replyWith(breaking()))(new FakeCall({ method: methodOf("serverStream") }));
    await expect(readAll(reply.message)).rejects.toBe(notFound);
    expect(eventsOf()?.at(-1)).toMatchObject({ "hawser.attempt.number": 2, "rpc.status_code": "NOT_FOUND" });
  });
});

describe("a call that is not sampled", () => {
  beforeEach(async () => {
    await sdk.close();
    sdk = new TestSdk({ sampler: new AlwaysOffSampler() }).register();
  });

  it("records nothing, and tells the server so", async () => {
    let sent: string | undefined;
    const { call, attempt } = clientTelemetry();
    const invoke = call(
      attempt(async (made) => {
        sent = made.metadata.get("traceparent");
        return replyWith("pong");
      }),
    );
    await invoke(new FakeCall({ method: methodOf("unary") }));
    expect(sent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(sdk.spans).toHaveLength(0);
  });
});

describe("without an SDK", () => {
  beforeEach(() => sdk.close());

  it("passes the call on as it is", async () => {
    const made = new FakeCall({ method: methodOf("serverStream") });
    const answer = replyWith(streamOf(1));
    const { call, attempt } = clientTelemetry();
    const seen: unknown[] = [];
    const reply = await call(
      attempt(async (inner) => {
        seen.push(inner);
        return answer;
      }),
    )(made);
    expect(seen).toEqual([made]);
    expect(seen[0]).toBe(made);
    expect(reply).toBe(answer);
  });

  it("finds one that starts later", async () => {
    const invoke = clientTelemetry().call(async () => replyWith("pong"));
    await invoke(new FakeCall({ method: methodOf("unary") }));
    sdk = new TestSdk().register();
    await invoke(new FakeCall({ method: methodOf("unary") }));
    expect(sdk.spans).toHaveLength(1);
    expect(await sdk.histograms("rpc.client.call.duration")).toHaveLength(1);
  });
});
