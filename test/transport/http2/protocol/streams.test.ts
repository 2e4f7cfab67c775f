import { describe, expect, test } from "vitest";
import { ErrorCode, type ErrorName } from "../../../support/http2/constants.js";
import { data, frame, headers, priority, reset, windowUpdate } from "../../../support/http2/frames.js";
import { answerTo, echoRequest, requestFields, responsesIn, wholeCall } from "../../../support/http2/grpc.js";
import { fieldBlock, indexed, literal } from "../../../support/http2/hpack.js";
import { isReset, isWindowUpdate } from "../../../support/http2/received.js";
import { attack, expectCall } from "../../../support/http2/siege.js";
import { expectConnectionError, expectIgnored, expectStreamError } from "../../../support/http2/verdicts.js";
import { forever } from "../../../support/moment.js";

describe("stream ids of a client", () => {
  test.each<[story: string, say: Buffer]>([
    ["are odd: HEADERS of an even one (§5.1.1)", headers(2, requestFields())],
    ["are opened by HEADERS: DATA of an idle one (§5.1)", data(1, echoRequest())],
    ["are opened by HEADERS: DATA of an even one (§5.1)", data(2, echoRequest())],
    ["are opened by HEADERS: RST_STREAM of an idle one (§6.4)", reset(1, ErrorCode.CANCEL)],
    ["are opened by HEADERS: RST_STREAM of an even one (§6.4)", reset(2, ErrorCode.CANCEL)],
    ["are opened by HEADERS: WINDOW_UPDATE of an idle one (§5.1)", windowUpdate(1, 1)],
    ["are opened by HEADERS: WINDOW_UPDATE of an even one (§5.1)", windowUpdate(2, 1)],
    ["are opened by HEADERS: DATA above the last (§5.1)", Buffer.concat([wholeCall(1), data(3, echoRequest())])],
  ])("%s is PROTOCOL_ERROR of the connection", async (_story, say) => {
    const { siege, attacker } = await attack();
    attacker.write(say);
    await expectConnectionError(siege, attacker, "PROTOCOL_ERROR");
  });

  test("only grow: one below the last was closed by it, and HEADERS of it are STREAM_CLOSED (§5.1.1)", async () => {
    const { siege, attacker } = await attack();
    attacker.write(headers(5, requestFields("ClientStream")), headers(3, requestFields()));
    await expectConnectionError(siege, attacker, "STREAM_CLOSED");
  });

  test("may leave some out", async () => {
    const { siege, attacker } = await attack();
    for (const id of [1, 7, 9, 1001, 2 ** 31 - 1]) {
      attacker.write(wholeCall(id, "Unary", { text: String(id) }));
      expect(responsesIn(await answerTo(attacker, id))).toMatchObject([{ text: String(id) }]);
    }
    await siege.expectUntouched();
  });
});

describe("a stream whose client has said all", () => {
  test.each<[story: string, say: (id: number) => Buffer]>([
    ["DATA", (id) => data(id, echoRequest())],
    ["empty DATA", (id) => data(id)],
    ["DATA that ends it again", (id) => data(id, "", { end: true })],
    ["HEADERS", (id) => headers(id, requestFields())],
    ["trailers", (id) => headers(id, [["x-late", "1"]], { end: true })],
  ])("takes no %s: STREAM_CLOSED of the stream (§5.1)", async (_story, say) => {
    const { siege, attacker } = await attack({ handlers: { put: () => forever } });
    const id = attacker.nextId();
    attacker.write(wholeCall(id, "Put"), say(id));
    await expectStreamError(siege, attacker, id, "STREAM_CLOSED");
  });

  test("takes windows and priorities, and can be reset (§5.1)", async () => {
    const { siege, attacker } = await attack({ handlers: { put: () => forever } });
    const [one, other] = [attacker.nextId(), attacker.nextId()];
    attacker.write(wholeCall(one, "Put"), wholeCall(other, "Put"));
    attacker.write(windowUpdate(one, 1), priority(one), reset(other, ErrorCode.CANCEL));
    await expectIgnored(siege, attacker);
  });
});

describe("a stream that is closed on both sides", () => {
  /** Of a call that was made and answered. */
  async function answered() {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    attacker.write(wholeCall(id));
    await answerTo(attacker, id);
    return { siege, attacker, id };
  }

  test.each<[story: string, say: (id: number) => Buffer]>([
    ["WINDOW_UPDATE", (id) => windowUpdate(id, 1)],
    ["RST_STREAM", (id) => reset(id, ErrorCode.CANCEL)],
    ["PRIORITY", (id) => priority(id)],
    ["a frame of an unknown type", (id) => frame(0xbe, 0, id, "x")],
  ])("passes over %s (§5.1)", async (_story, say) => {
    const { siege, attacker, id } = await answered();
    attacker.write(say(id));
    await expectIgnored(siege, attacker);
  });

  test("takes no DATA: STREAM_CLOSED of the stream, for it may have been reset long ago (§5.1)", async () => {
    const { siege, attacker, id } = await answered();
    attacker.write(data(id, echoRequest()));
    await expectStreamError(siege, attacker, id, "STREAM_CLOSED");
    expect(siege.handlers.asked).toBe(1);
  });

  test.each<[story: string, say: (id: number) => Buffer]>([
    ["HEADERS", (id) => headers(id, requestFields())],
    ["a whole call", (id) => wholeCall(id)],
  ])("is not opened again by %s (§5.1.1)", async (_story, say) => {
    const { siege, attacker, id } = await answered();
    attacker.write(say(id));
    await attacker.closed;
    expect(siege.handlers.asked).toBe(1);
    await siege.expectUntouched();
  });
});

describe("a stream that this side has reset", () => {
  /** Ended by this side while the client, who cannot know yet, goes on. */
  async function resetByUs() {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields("ClientStream")), windowUpdate(id, 0));
    await attacker.next(isReset(id));
    return { siege, attacker, id };
  }

  test.each<[story: string, say: (id: number) => Buffer]>([
    ["DATA", (id) => data(id, echoRequest())],
    ["DATA that ends it", (id) => data(id, echoRequest(), { end: true })],
    ["trailers", (id) => headers(id, [["x-late", "1"]], { end: true })],
    ["RST_STREAM", (id) => reset(id, ErrorCode.CANCEL)],
    ["WINDOW_UPDATE", (id) => windowUpdate(id, 1)],
    ["a bad WINDOW_UPDATE", (id) => windowUpdate(id, 0)],
  ])("passes over %s that was under way (§5.1)", async (_story, say) => {
    const { siege, attacker, id } = await resetByUs();
    attacker.write(say(id));
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("gives the connection's window back for DATA nobody reads (§5.1, §6.9)", async () => {
    const { siege, attacker, id } = await resetByUs();
    let window = 65_535;
    const granted = (): number => {
      const sum = attacker.received
        .filter(isWindowUpdate(0))
        .reduce((all, frame) => all + (frame as { increment: number }).increment, 0);
      return window + sum;
    };
    const piece = Buffer.alloc(16_384);
    for (let sent = 0; sent < 4 * 1024 * 1024; sent += piece.length) {
      while (granted() < piece.length) await attacker.next(isWindowUpdate(0));
      attacker.write(data(id, piece));
      window -= piece.length;
    }
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("does not lose its header fields: the tables of both sides stay as one (§4.3)", async () => {
    const { siege, attacker, id } = await resetByUs();
    attacker.write(headers(id, literal("x-kept", "here", 0x40), { end: true }));
    const next = attacker.nextId();
    attacker.write(
      headers(next, Buffer.concat([fieldBlock(requestFields()), indexed(62)])),
      data(next, echoRequest(), { end: true }),
    );
    expect(responsesIn(await answerTo(attacker, next))).toMatchObject([{ metadata: { "x-kept": "here" } }]);
    await siege.expectUntouched();
  });
});

describe("the end of a request", () => {
  test("may be trailers, which are no metadata", async () => {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    attacker.write(
      headers(id, requestFields()),
      data(id, echoRequest({ text: "x" })),
      headers(id, [["x-late", "1"]], { end: true }),
    );
    expect(responsesIn(await answerTo(attacker, id))).toMatchObject([{ text: "x", metadata: {} }]);
    await siege.expectUntouched();
  });

  test.each<[story: string, code: ErrorName, say: (id: number) => Buffer]>([
    ["trailers that do not end the stream (§8.1)", "PROTOCOL_ERROR", (id) => headers(id, [["x-late", "1"]])],
    ["HEADERS of another request (§8.1)", "PROTOCOL_ERROR", (id) => headers(id, requestFields())],
    [
      "trailers with pseudo-header fields (§8.1)",
      "PROTOCOL_ERROR",
      (id) => headers(id, [[":path", "/x"]], { end: true }),
    ],
    ["trailers with upper-case names (§8.2)", "PROTOCOL_ERROR", (id) => headers(id, [["X-Late", "1"]], { end: true })],
    [
      "trailers with fields of the connection (§8.2.2)",
      "PROTOCOL_ERROR",
      (id) => headers(id, [["connection", "close"]], { end: true }),
    ],
  ])("is not %s: %s of the stream", async (_story, code, say) => {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields()), data(id, echoRequest()), say(id));
    await expectStreamError(siege, attacker, id, code);
    expect(siege.handlers.asked).toBe(0);
  });
});

describe("more calls than a server carries", () => {
  test("a call that has ended makes room for one other, not for more", async () => {
    const { siege, attacker } = await attack({ maxConcurrentStreams: 3 });
    for (let calls = 0; calls < 5; calls++) await expectCall(attacker);
    const running = [attacker.nextId(), attacker.nextId(), attacker.nextId()];
    for (const id of running) attacker.write(headers(id, requestFields("Bidi")));
    const surplus = attacker.nextId();
    attacker.write(wholeCall(surplus));
    expect((await answerTo(attacker, surplus)).resetCode).toBe(ErrorCode.REFUSED_STREAM);
    const [first = 0] = running;
    attacker.write(data(first, "", { end: true }));
    await answerTo(attacker, first);
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("are refused, unprocessed, and those that run go on (§5.1.2)", async () => {
    const { siege, attacker } = await attack({ maxConcurrentStreams: 3 });
    const running = [attacker.nextId(), attacker.nextId(), attacker.nextId()];
    for (const id of running) attacker.write(headers(id, requestFields("Bidi")));
    const surplus = attacker.nextId();
    attacker.write(wholeCall(surplus));
    expect((await answerTo(attacker, surplus)).resetCode).toBe(ErrorCode.REFUSED_STREAM);
    expect(siege.handlers.asked).toBe(3);
    for (const id of running) attacker.write(data(id, echoRequest({ count: 1, text: "on" }), { end: true }));
    for (const id of running) expect(responsesIn(await answerTo(attacker, id))).toMatchObject([{ text: "on" }]);
    await expectCall(attacker);
    await siege.expectUntouched();
  });
});
