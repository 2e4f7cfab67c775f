import { Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { HandlerCall } from "../../../../src/contract/contract.js";
import { Code } from "../../../../src/errors/errors.js";
import { failure } from "../../../support/collect.js";
import { ErrorCode, preface, Setting } from "../../../support/http2/constants.js";
import { data, headers, settings, settingsAck } from "../../../support/http2/frames.js";
import { answerTo, echoRequest, message, requestFields, wholeCall } from "../../../support/http2/grpc.js";
import { fieldBlock } from "../../../support/http2/hpack.js";
import { isGoaway, isHeaders, isPing, isSettingsAck } from "../../../support/http2/received.js";
import { expectCall, Siege } from "../../../support/http2/siege.js";
import { aborted, Moment } from "../../../support/moment.js";

/** A handler that runs until it is cancelled, and tells for what. */
function untilCancelled(ended: Moment<unknown>) {
  return async (_request: unknown, call: HandlerCall) => {
    ended.now(await failure(aborted(call.signal)));
    return {};
  };
}

describe("slowloris: a client", () => {
  test("that says nothing is hung up on in time", async () => {
    const siege = await Siege.lay({ handshakeTimeoutMs: 10_000 });
    await siege.expectUntouched();
    const attacker = await siege.attacker({ greeting: [] });
    await siege.expectUntouched();
    siege.clock.advance(9999);
    await siege.expectUntouched();
    expect(attacker.open).toBe(true);
    siege.clock.advance(1);
    await attacker.closed;
    await siege.expectUntouched();
  });

  test("that says its preface byte by byte gains no time by it", async () => {
    const siege = await Siege.lay({ handshakeTimeoutMs: 10_000 });
    const attacker = await siege.attacker({ greeting: [] });
    await siege.expectUntouched();
    for (const byte of preface.subarray(0, 20)) {
      attacker.write(Buffer.of(byte));
      await siege.expectUntouched();
      siege.clock.advance(500);
    }
    await attacker.closed;
    await siege.expectUntouched();
  });

  test("that says its preface and nothing else is told of the time, and hung up on", async () => {
    const siege = await Siege.lay({ keepaliveTimeoutMs: 5000 });
    await siege.expectUntouched();
    const attacker = await siege.attacker({ greeting: [preface], answers: false });
    await attacker.next();
    siege.clock.advance(5000);
    await attacker.closed;
    await siege.expectUntouched();
  });

  test("whose HEADERS never end has no call, and counts as idle", async () => {
    const siege = await Siege.lay({ maxConnectionIdleMs: 60_000, keepaliveMs: 0, keepaliveTimeoutMs: 5000 });
    const attacker = await siege.attacker();
    await expectCall(attacker);
    const id = attacker.nextId();
    attacker.write(headers(id, fieldBlock(requestFields()).subarray(0, 20), { endHeaders: false }));
    await siege.expectUntouched();
    siege.clock.advance(60_000); // it is asked to leave,
    siege.clock.advance(5000); // and has not said in time that it heard: it is left
    expect(await attacker.next(isGoaway)).toMatchObject({ code: ErrorCode.NO_ERROR, text: "max_idle" });
    await attacker.closed;
    expect(siege.handlers.asked).toBe(0);
    await siege.expectUntouched();
  });

  test("whose message never ends is told when its time is over, and its handler is not asked", async () => {
    const siege = await Siege.lay({ keepaliveMs: 0 });
    const attacker = await siege.attacker();
    const id = attacker.nextId();
    const body = message("x".repeat(100));
    attacker.write(headers(id, requestFields("Unary", ["grpc-timeout", "10S"])));
    for (let second = 0; second < 10; second++) {
      attacker.write(data(id, body.subarray(second, second + 1)));
      await expectCall(attacker);
      siege.clock.advance(1000);
    }
    expect((await answerTo(attacker, id)).status).toBe(Code.DEADLINE_EXCEEDED);
    expect(siege.handlers.asked).toBe(0);
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("whose stream of messages never ends is told so, too, and its handler is cancelled", async () => {
    const ended = new Moment<unknown>();
    const siege = await Siege.lay({
      keepaliveMs: 0,
      handlers: { clientStream: untilCancelled(ended) },
    });
    const attacker = await siege.attacker();
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields("ClientStream", ["grpc-timeout", "10S"])), data(id, echoRequest()));
    await expectCall(attacker);
    siege.clock.advance(10_000);
    expect((await answerTo(attacker, id)).status).toBe(Code.DEADLINE_EXCEEDED);
    expect(await ended.promise).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    await siege.expectUntouched();
  });
});

describe("half-open: a client", () => {
  test("that is gone without a word while its call runs is probed, and its handler cancelled (gRFC A8)", async () => {
    const ended = new Moment<unknown>();
    const siege = await Siege.lay({
      keepaliveMs: 10_000,
      keepaliveTimeoutMs: 5000,
      handlers: { put: untilCancelled(ended) },
    });
    const attacker = await siege.attacker({ answers: false });
    attacker.write(settingsAck);
    attacker.write(wholeCall(attacker.nextId(), "Put"));
    await expectCall(attacker);
    siege.clock.advance(10_000);
    await attacker.next(isPing);
    await siege.expectUntouched();
    siege.clock.advance(5000);
    await attacker.closed;
    expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
    await siege.expectUntouched();
  });

  test("that is gone without a call running is found by the system, which is asked to probe", async () => {
    const asked = vi.spyOn(Socket.prototype, "setKeepAlive");
    onTestFinished(() => asked.mockRestore());
    await (await Siege.lay()).expectUntouched();
    expect(asked.mock.calls).toContainEqual([true, 300_000]);
  });

  test("that has closed its side of the socket ends the connection, and its handlers", async () => {
    const ended = new Moment<unknown>();
    const siege = await Siege.lay({
      handlers: { put: untilCancelled(ended) },
    });
    const attacker = await siege.attacker();
    attacker.write(wholeCall(attacker.nextId(), "Put"));
    await expectCall(attacker);
    attacker.socket.end();
    await attacker.closed;
    expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
    await siege.expectUntouched();
  });

  test("that answers its probes is kept, however long its call takes", async () => {
    const siege = await Siege.lay({ keepaliveMs: 10_000, keepaliveTimeoutMs: 5000 });
    const client = await siege.attacker();
    const id = client.nextId();
    client.write(headers(id, requestFields("ClientStream")), data(id, echoRequest()));
    await expectCall(client);
    for (let probes = 0; probes < 20; probes++) {
      siege.clock.advance(10_000);
      await client.next(isPing);
      await expectCall(client);
      await siege.expectUntouched();
    }
    client.write(data(id, "", { end: true }));
    expect((await answerTo(client, id)).status).toBe(0);
  });
});

describe("a client that takes nothing (zero window)", () => {
  test("is told when its time is over, as far as it lets itself be told", async () => {
    const siege = await Siege.lay({ keepaliveMs: 0 });
    const attacker = await siege.attacker({ greeting: [preface, settings([[Setting.INITIAL_WINDOW_SIZE, 0]])] });
    await attacker.next(isSettingsAck);
    const id = attacker.nextId();
    attacker.write(
      headers(id, requestFields("ServerStream", ["grpc-timeout", "10S"])),
      data(id, echoRequest({ count: 1000, responseBytes: 1000 }), { end: true }),
    );
    expect((await attacker.next(isHeaders(id))).fields).toContainEqual([":status", "200"]);
    siege.clock.advance(10_000);
    const { status, resetCode } = await answerTo(attacker, id);
    expect(status === Code.DEADLINE_EXCEEDED || resetCode !== undefined).toBe(true);
    await siege.expectUntouched();
  });
});
