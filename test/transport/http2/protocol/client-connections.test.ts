import { describe, expect, test } from "vitest";
import { Code } from "../../../../src/errors/errors.js";
import { rpcFailure } from "../../../support/collect.js";
import { Ambush, asked, requestOn } from "../../../support/http2/ambush.js";
import { ErrorCode, type ErrorName, Flag, Setting, Type } from "../../../support/http2/constants.js";
import {
  continuation,
  data,
  frame,
  goaway,
  headers,
  ping,
  pushPromise,
  reset,
  settings,
  settingsAck,
  windowUpdate,
} from "../../../support/http2/frames.js";
import { echoResponse, okTrailer, requestFields, responseFields, wholeAnswer } from "../../../support/http2/grpc.js";
import { indexed } from "../../../support/http2/hpack.js";
import { isHeaders, isPing, isPingAck, isSettingsAck } from "../../../support/http2/received.js";
import { ManualClock } from "../../../support/manual-clock.js";

/** More than anybody is borne with. */
function repeated(say: () => Buffer): readonly Buffer[] {
  return Array.from({ length: 2500 }, say);
}

describe("a client ends the connection, and goes on over another, where its server", () => {
  test.each<[story: string, code: ErrorName, say: (id: number) => readonly Buffer[]]>([
    [
      "promises a push, which it was told not to (§8.4)",
      "PROTOCOL_ERROR",
      (id) => [pushPromise(id, 2, requestFields())],
    ],
    ["offers to be pushed to (§6.5.2)", "PROTOCOL_ERROR", () => [settings([[Setting.ENABLE_PUSH, 1]])]],
    [
      "says again and again that it leaves",
      "ENHANCE_YOUR_CALM",
      (id) => repeated(() => goaway(id, ErrorCode.NO_ERROR)),
    ],
    ["opens a stream (§5.1.1)", "PROTOCOL_ERROR", () => [headers(2, requestFields())]],
    ["answers a call that was never made (§5.1)", "PROTOCOL_ERROR", (id) => [headers(id + 2, responseFields)]],
    ["sends data for a call that was never made (§5.1)", "PROTOCOL_ERROR", (id) => [data(id + 2, "x")]],
    ["resets a call that was never made (§6.4)", "PROTOCOL_ERROR", (id) => [reset(id + 2, 8)]],
    ["opens a window of a call that was never made (§6.9)", "PROTOCOL_ERROR", (id) => [windowUpdate(id + 2, 1)]],
    ["sends data on stream 0 (§6.1)", "PROTOCOL_ERROR", () => [data(0, "x")]],
    ["sends header fields on stream 0 (§6.2)", "PROTOCOL_ERROR", () => [headers(0, responseFields)]],
    ["sends a PING that is too short (§6.7)", "FRAME_SIZE_ERROR", () => [frame(Type.PING, 0, 0, "1234")]],
    ["sends a GOAWAY that is too short (§6.8)", "FRAME_SIZE_ERROR", () => [frame(Type.GOAWAY, 0, 0, "1234")]],
    [
      "acknowledges SETTINGS with settings (§6.5)",
      "FRAME_SIZE_ERROR",
      () => [frame(Type.SETTINGS, Flag.ACK, 0, Buffer.alloc(6))],
    ],
    [
      "sends a frame longer than it may (§4.2)",
      "FRAME_SIZE_ERROR",
      (id) => [frame(Type.DATA, 0, id, "", { length: 0xffffff })],
    ],
    ["lets the connection's window overflow (§6.9.1)", "FLOW_CONTROL_ERROR", () => [windowUpdate(0, 0x7fffffff)]],
    [
      "sets a window larger than there can be (§6.5.2)",
      "FLOW_CONTROL_ERROR",
      () => [settings([[Setting.INITIAL_WINDOW_SIZE, 0x80000000]])],
    ],
    ["sends fields that cannot be decoded (§4.3)", "COMPRESSION_ERROR", (id) => [headers(id, indexed(0))]],
    [
      "interrupts its header fields (§4.3)",
      "PROTOCOL_ERROR",
      (id) => [headers(id, responseFields, { endHeaders: false }), ping()],
    ],
    [
      "pads more than there is (§6.1)",
      "PROTOCOL_ERROR",
      (id) => [headers(id, responseFields), frame(Type.DATA, Flag.PADDED, id, Buffer.of(9, 0))],
    ],
  ])("%s: %s", async (_story, code, say) => {
    const { ambush, outcome, server, id } = await asked();
    server.write(...say(id));
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, remote: false, unprocessed: false });
    await ambush.expectConnectionError(server, code);
  });
});

test.each<[what: string, say: (id: number) => Buffer]>([
  ["trailers", (id) => headers(id, okTrailer)],
  ["empty data", (id) => data(id)],
])("a server that sends %s for a call that is over, on and on, loses the connection", async (_what, say) => {
  const { ambush, outcome, server, id } = await asked();
  server.write(reset(id, ErrorCode.CANCEL), ...repeated(() => say(id)));
  await outcome;
  await ambush.expectConnectionError(server, "ENHANCE_YOUR_CALM");
});

describe("a client passes over", () => {
  test.each<[what: string, say: (id: number) => readonly Buffer[]]>([
    [
      "frames, flags and settings nobody knows",
      (id) => [
        frame(0xbe, 0xff, id, "x"),
        frame(Type.WINDOW_UPDATE, 0xff, 0, Buffer.of(0, 0, 0, 1)),
        settings([[0x99, 7]]),
      ],
    ],
    ["reserved bits", (id) => [frame(Type.WINDOW_UPDATE, 0, id, Buffer.of(0x80, 0, 0, 1), { reserved: true })]],
    ["priorities", (id) => [frame(Type.PRIORITY, 0, id, Buffer.alloc(5))]],
    ["ENABLE_PUSH of 0 (§6.5.2)", () => [settings([[Setting.ENABLE_PUSH, 0]])]],
    ["an acknowledgement of a PING it never sent", () => [ping("unasked!", true)]],
    [
      "frames of calls that are over",
      (id) => [
        wholeAnswer(id),
        windowUpdate(id, 1),
        reset(id, 8),
        data(id, "late"),
        headers(id, okTrailer, { end: true }),
      ],
    ],
  ])("%s", async (_what, say) => {
    const ambush = await Ambush.lay();
    const answer = ambush.client.unary({});
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    server.write(...say(id), wholeAnswer(id));
    await answer;
    await ambush.expectCall(server);
  });
});

describe("GOAWAY of a server (RFC 9113 §6.8)", () => {
  test("leaves calls alone that it says it has seen, and marks the others as unprocessed", async () => {
    const ambush = await Ambush.lay();
    const seen = ambush.client.unary({});
    const server = await ambush.accept();
    await requestOn(server);
    const unseen = rpcFailure(ambush.client.unary({}));
    await requestOn(server);
    server.write(goaway(1, ErrorCode.NO_ERROR, "leaving"));
    expect(await unseen).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    server.write(wholeAnswer(1, { text: "seen" }));
    expect((await seen).text).toBe("seen");
    await server.closed;
  });

  test("sends calls that it has not seen elsewhere by themselves", async () => {
    const ambush = await Ambush.lay({ client: { retry: {} } });
    const answers = [ambush.client.unary({}), ambush.client.unary({})];
    const server = await ambush.accept();
    await requestOn(server);
    await requestOn(server);
    server.write(goaway(0, ErrorCode.NO_ERROR, "leaving"));
    const next = await ambush.accept();
    for (let calls = 0; calls < 2; calls++) next.write(wholeAnswer((await requestOn(next)).id, { text: "elsewhere" }));
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(["elsewhere", "elsewhere"]);
  });

  test("in two phases takes no call that could still come", async () => {
    const ambush = await Ambush.lay();
    const first = ambush.client.unary({});
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    server.write(goaway(2 ** 31 - 1, ErrorCode.NO_ERROR), ping());
    await server.next(isPingAck);
    const second = ambush.client.unary({});
    const next = await ambush.accept();
    next.write(wholeAnswer((await requestOn(next)).id, { text: "elsewhere" }));
    expect((await second).text).toBe("elsewhere");
    server.write(goaway(id, ErrorCode.NO_ERROR), wholeAnswer(id, { text: "here" }));
    expect((await first).text).toBe("here");
    await server.closed;
  });

  test("with an error leaves running calls as they are, until the socket is closed", async () => {
    const { outcome, server } = await asked();
    server.write(goaway(1, ErrorCode.INTERNAL_ERROR, "it was me"));
    await server.close();
    const error = await outcome;
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: false, remote: false });
    expect(error.message).toMatch(/it was me/);
  });

  test("may be said again and again, with a text of any length", async () => {
    const { ambush, outcome, server } = await asked();
    for (let times = 0; times < 50; times++) server.write(goaway(1, ErrorCode.NO_ERROR, "x".repeat(10_000)));
    await server.close();
    expect((await outcome).message.length).toBeLessThan(2000);
    const answer = ambush.client.read({});
    const next = await ambush.accept();
    next.write(wholeAnswer((await requestOn(next)).id));
    await answer;
  });
});

describe("settings of a server", () => {
  test("that allow no call make calls wait, and those that allow one make them go one by one (§5.1.2)", async () => {
    const ambush = await Ambush.lay({ server: { greeting: [settings([[Setting.MAX_CONCURRENT_STREAMS, 0]])] } });
    const answers = ["a", "b", "c"].map((text) => ambush.client.unary({ text }));
    const server = await ambush.accept();
    server.write(ping());
    await server.next(isPingAck);
    expect(server.has(isHeaders())).toBe(false);
    server.write(settings([[Setting.MAX_CONCURRENT_STREAMS, 1]]));
    for (let calls = 0; calls < 3; calls++) {
      const { id } = await requestOn(server);
      server.write(ping(`barrier${calls}`));
      await server.next(isPingAck);
      expect(server.has(isHeaders()), "one at a time").toBe(false);
      server.write(wholeAnswer(id, { text: String(calls) }));
    }
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(["0", "1", "2"]);
  });

  test("are acknowledged, and used from then on (§6.5.3)", async () => {
    const ambush = await Ambush.lay({ server: { greeting: [settings([[Setting.INITIAL_WINDOW_SIZE, 10]])] } });
    const answer = ambush.client.unary({ payload: Buffer.alloc(100) });
    const server = await ambush.accept();
    await server.next(isSettingsAck);
    const { id } = await requestOn(server);
    const first = await server.next(({ kind, id: of }) => kind === "data" && of === id);
    expect(first.payload).toHaveLength(10);
    server.write(settings([[Setting.INITIAL_WINDOW_SIZE, 1000]]));
    await server.next((each) => each.kind === "data" && each.id === id && each.endStream);
    server.write(wholeAnswer(id));
    await answer;
  });

  test("that never come end the attempt, and its calls may go elsewhere", async () => {
    const clock = new ManualClock();
    const ambush = await Ambush.lay({ clock, connectTimeoutMs: 5000, server: { greeting: [] }, client: { clock } });
    const outcome = rpcFailure(ambush.client.unary({}));
    await ambush.accept();
    clock.advance(5000);
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
  });

  test("of ours that are never acknowledged end the connection: SETTINGS_TIMEOUT (§6.5.3)", async () => {
    const clock = new ManualClock();
    const { outcome, server } = await asked({
      clock,
      keepaliveMs: 0,
      keepaliveTimeoutMs: 5000,
      server: { answers: false },
      client: { clock },
    });
    clock.advance(5000);
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: false });
    expect(await server.next(({ kind }) => kind === "goaway")).toMatchObject({ code: ErrorCode.SETTINGS_TIMEOUT });
  });
});

describe("a server that answers nothing any more (half-open)", () => {
  test("is probed while calls run, and given up", async () => {
    const clock = new ManualClock();
    const { outcome, server } = await asked({
      clock,
      keepaliveMs: 10_000,
      keepaliveTimeoutMs: 5000,
      server: { answers: false, greeting: [settings(), settingsAck] },
      client: { clock },
    });
    clock.advance(10_000);
    await server.next(isPing);
    clock.advance(5000);
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: false, remote: false });
    await server.closed;
  });
});

describe("CONTINUATION of a server", () => {
  test("puts header fields together (§6.10)", async () => {
    const ambush = await Ambush.lay();
    const answer = ambush.client.unary({});
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    const whole = headers(id, responseFields).subarray(9);
    server.write(
      headers(id, Buffer.from(whole.subarray(0, 5)), { endHeaders: false }),
      continuation(id),
      continuation(id, whole.subarray(5), true),
      data(id, echoResponse({ text: "together" })),
      headers(id, okTrailer, { end: true }),
    );
    expect((await answer).text).toBe("together");
  });
});
