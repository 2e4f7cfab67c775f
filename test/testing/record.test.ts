import { describe, expect, it } from "vitest";
import type { Middleware } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { defineApp, defineService } from "../../src/service/service.js";
import { manualClock, testApp } from "../../src/testing/testing.js";
import { collect, failure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { pier } from "./harbour.js";

describe("recorded calls", () => {
  it("tell who asked whom for what, and what came of it", async () => {
    const clock = manualClock(1_000);
    await using app = await testApp(pier, { clock });
    await app.client("desk").put({ text: "tar" }, { timeoutMs: 500, metadata: { "x-hawser-global-ship": "argo" } });

    const [call] = app.callsTo("ledger", "put");
    expect(call).toMatchObject({
      from: "desk",
      to: "ledger",
      method: "put",
      fullName: "hawser.test.v1.EchoService/Put",
      attempt: 1,
      request: { text: "tar", count: 0 },
      response: { text: "tar", index: 1 },
      error: undefined,
      code: Code.OK,
      startedAt: 1_000,
      durationMs: 0,
      deadline: 1_495,
      faulty: false,
    });
    expect(call?.metadata.get("x-hawser-global-ship")).toBe("argo");
    expect(call?.causedBy).toBe(app.callsTo("desk")[0]);
    expect(call?.causedBy).toMatchObject({ from: "test", causedBy: undefined });
  });

  it("keep what was sent, whatever becomes of the message later", async () => {
    await using app = await testApp(pier);
    const request = { text: "tar" };
    const response = await app.client("ledger").unary(request);
    request.text = "rope";
    response.text = "hemp";

    expect(app.callsTo("ledger", "unary")).toMatchObject([{ request: { text: "tar" }, response: { text: "tar" } }]);
  });

  it("of streams have what went through, both ways", async () => {
    await using app = await testApp(pier);
    const requests = [
      { text: "a", count: 2 },
      { text: "b", count: 1 },
    ];
    await collect(app.client("desk").bidi(requests));

    expect(app.callsTo("ledger", "bidi")).toMatchObject([
      { request: requests, response: [{ text: "a" }, { text: "a", index: 1 }, { text: "b" }], code: Code.OK },
    ]);
  });

  it("of a stream keep the first thousand, so that no test drowns in them", async () => {
    await using app = await testApp(pier);
    const responses = await collect(app.client("ledger").serverStream({ count: 1_100 }));

    expect(responses).toHaveLength(1_100);
    expect(app.callsTo("ledger", "serverStream")[0]?.response).toHaveLength(1_000);
  });

  it("of a stream that its reader left say so", async () => {
    await using app = await testApp(pier);
    for await (const _ of app.client("ledger").serverStream({ count: 5 })) break;

    expect(app.calls).toMatchObject([{ code: Code.CANCELLED, error: undefined, response: [{ index: 0 }] }]);
  });

  it("make a text, each below the one whose handler made it", async () => {
    await using app = await testApp(pier);
    const desk = app.client("desk");
    await Promise.all([desk.read({ text: "a" }), desk.read({ text: "b" })]);
    await desk.unary({ text: "c" });
    await failure(desk.serverStream({ failCode: Code.NOT_FOUND }));

    expect(app.callTree()).toBe(
      [
        "test → desk.read",
        "  desk → ledger.unary",
        "test → desk.read",
        "  desk → ledger.unary",
        "test → desk.unary",
        "  desk → ledger.unary",
        "test → desk.serverStream NOT_FOUND",
        "  desk → ledger.serverStream NOT_FOUND",
      ].join("\n"),
    );
  });

  it("are no secret of a service: its handler sees the metadata it would see anyway", async () => {
    await using app = await testApp(pier);
    const [response] = await collect(app.client("desk").serverStream({ count: 1 }));

    expect(Object.keys(response?.metadata ?? {})).toEqual(["traceparent"]);
  });

  it("are no secret of its middleware, nor of the app's: it sees what the caller sent, and nothing else", async () => {
    const seen: Record<string, readonly string[]> = {};
    const noting =
      (who: string): Middleware =>
      (next) =>
      (call) => {
        seen[who] = [...call.metadata.keys()].sort();
        return next(call);
      };
    const gate = defineService({
      name: "gate",
      contract: EchoServiceDefinition,
      middleware: [noting("service")],
      setup: () => echo(),
    });
    await using app = await testApp(defineApp({ services: [gate], middleware: [noting("app")] }));
    await app.client("gate").unary({}, { metadata: { "x-ship": "argo" } });

    expect(seen).toEqual({ app: ["x-ship"], service: ["x-ship"] });
    expect(app.calls).toHaveLength(1);
  });

  it("are asked for by names that somebody has", async () => {
    await using app = await testApp(pier);
    expect(() => app.callsTo("dock" as "desk")).toThrow(
      'callsTo: nobody here is called "dock" (there are: ledger, desk)',
    );
    expect(() => app.callsTo("desk", "unray" as "unary")).toThrow('callsTo: desk has no method "unray"');
  });
});

describe("what else is recorded", () => {
  it("spans of every service, in one trace for each call", async () => {
    await using app = await testApp(pier);
    await app.client("desk").put({ text: "tar" });

    const [served, made, answered] = app.spans;
    expect(app.spans).toMatchObject([
      { service: "desk", kind: "server", name: "hawser.test.v1.EchoService/Put", parentSpanId: undefined },
      { service: "desk", kind: "client", parentSpanId: served?.spanId },
      { service: "ledger", kind: "server", parentSpanId: made?.spanId, traceId: served?.traceId, status: "unset" },
    ]);
    expect(answered?.attributes).toMatchObject({
      "rpc.method": "hawser.test.v1.EchoService/Put",
      "rpc.status_code": "OK",
    });
    expect(app.spans.every(({ endedAt }) => endedAt !== undefined)).toBe(true);
  });

  it("spans of calls that fail, and of attempts", async () => {
    await using app = await testApp(pier, { faults: [{ to: "ledger", error: Code.UNAVAILABLE, times: 1 }] });
    await app.client("desk").put({ text: "tar" });
    await failure(app.client("ledger").clientStream([{ failCode: Code.INTERNAL, failMessage: "no ink" }]));

    expect(app.spans.find(({ kind }) => kind === "client")?.events).toMatchObject([
      { name: "attempt", attributes: { "hawser.attempt.number": 1, "rpc.status_code": "UNAVAILABLE" } },
      { name: "attempt", attributes: { "hawser.attempt.number": 2, "rpc.status_code": "OK" } },
    ]);
    expect(app.spans.at(-1)).toMatchObject({ service: "ledger", status: "error", statusMessage: "no ink" });
  });

  it("log lines of every service and level, with their fields", async () => {
    const clock = manualClock(5_000);
    await using app = await testApp(pier, { clock });
    await app.client("desk").read({ text: "tar" });

    const lines = app.logs.filter(({ service }) => service === "desk");
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "info serving",
      "info read",
      "debug call made",
      "debug call served",
    ]);
    expect(lines[1]).toMatchObject({ fields: { text: "tar" }, at: 5_000 });
  });

  it("what a handler threw, whole", async () => {
    const secret = new Error("the safe is behind the picture");
    await using app = await testApp(pier, {
      replace: { ledger: { unary: () => Promise.reject(secret) } },
    });

    expect(String(await failure(app.client("desk").unary({})))).not.toContain("safe");
    expect(app.logs.filter(({ level, fields }) => level === "error" && fields["err"] === secret)).not.toEqual([]);
  });

  it("nothing of what came before, once it was cleared", async () => {
    await using app = await testApp(pier, { faults: [{ to: "ledger", duplicate: true }] });
    const { unary } = app.client("desk");
    await unary({ text: "tar" });
    expect(app.report).toHaveLength(1);

    app.clear();
    expect([app.calls, app.report, app.spans, app.logs]).toEqual([[], [], [], []]);
    await unary({ text: "rope" });
    expect(app.callsTo("desk")).toHaveLength(1);
  });

  it("what there was when a test asked, whatever happens or is forgotten later", async () => {
    await using app = await testApp(pier);
    const { unary } = app.client("desk");
    await unary({ text: "tar" });
    const { calls, spans, logs } = app;
    const before = [calls, spans, logs].map(({ length }) => length);

    await unary({ text: "rope" });
    app.clear();
    expect([calls, spans, logs].map(({ length }) => length)).toEqual(before);
    expect(before.every((length) => length > 0)).toBe(true);
  });
});
