import { describe, expect, test } from "vitest";
import { Code } from "../../../../src/errors/errors.js";
import { collect } from "../../../support/collect.js";
import { Ambush, asked, requestOn } from "../../../support/http2/ambush.js";
import { Setting } from "../../../support/http2/constants.js";
import { continuation, data, frame, headers, ping, settings, settingsAck } from "../../../support/http2/frames.js";
import { echoResponse, responseFields, wholeAnswer } from "../../../support/http2/grpc.js";
import { fieldBlock, indexed, literal } from "../../../support/http2/hpack.js";
import type { RawPeerOptions } from "../../../support/http2/raw-peer.js";
import { isWindowUpdate } from "../../../support/http2/received.js";
import { ManualClock } from "../../../support/manual-clock.js";
import { memoryInUse } from "../../../support/memory-in-use.js";

const mebibyte = 1024 * 1024;

/** Frames of which none is worth anything; nobody is borne with for longer. */
const tooMany = 20_000;
const batch = 100;

/** Answers no PING: the client never learns what the road holds, and its windows stay as they are. */
const unmeasured: RawPeerOptions = { answers: false, greeting: [settings(), settingsAck] };

/** A client whose clock stands still: however long the flood takes, it is one moment. */
function askedInAMoment() {
  const clock = new ManualClock();
  return asked({ clock, client: { clock } });
}

describe("a client ends the connection to a server that floods it with", () => {
  test.each<[what: string, say: (id: number) => Buffer]>([
    ["PINGs (CVE-2019-9512)", () => ping()],
    ["SETTINGS (CVE-2019-9515)", () => settings()],
    ["empty DATA (CVE-2019-9518)", (id) => data(id)],
    ["DATA of padding alone (CVE-2019-9518)", (id) => data(id, "", { padding: 1 })],
    ["frames of unknown types", () => frame(0xbe, 0, 0, "x")],
  ])("%s", async (_what, say) => {
    const { outcome, server, id } = await askedInAMoment();
    if (say(id)[3] === 0) server.write(headers(id, responseFields));
    const said = await server.flood(tooMany / batch, () => Array.from({ length: batch }, () => say(id)));
    expect(said * batch).toBeLessThan(tooMany);
    expect(await server.next(({ kind }) => kind === "goaway")).toMatchObject({ code: 11 });
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, remote: false });
    await server.closed;
  });

  test.each<[what: string, piece: Buffer]>([
    ["large CONTINUATION (VU#421644)", literal("x-large", "v".repeat(16_000))],
    ["small CONTINUATION (VU#421644)", literal("x", "1")],
    ["empty CONTINUATION (VU#421644)", Buffer.alloc(0)],
  ])("%s", async (_what, piece) => {
    const { outcome, server, id } = await askedInAMoment();
    server.write(headers(id, fieldBlock(responseFields), { endHeaders: false }));
    expect(await server.flood(2000, () => Array.from({ length: 10 }, () => continuation(id, piece)))).toBeLessThan(
      2000,
    );
    expect(await server.next(({ kind }) => kind === "goaway")).toMatchObject({ code: 11 });
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, remote: false });
  });
});

describe("a server that sends too much", () => {
  test("of informational responses: its call ends, and no other", async () => {
    const { ambush, outcome, server, id } = await askedInAMoment();
    const said = await server.flood(100, () => headers(id, [[":status", "103"]]));
    expect(said).toBe(100);
    expect(await outcome).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, remote: false });
    await ambush.expectStreamError(server, id, "ENHANCE_YOUR_CALM");
  });

  test("of header fields (HPACK bomb): only that call ends, and both tables stay as one", async () => {
    const { ambush, outcome, server, id } = await askedInAMoment();
    const block = Buffer.concat([
      fieldBlock(responseFields),
      literal("x-bomb", "v".repeat(4000), 0x40),
      Buffer.alloc(11_000, indexed(62)),
      literal("x-last", "1", 0x40),
    ]);
    const before = process.memoryUsage().rss;
    server.write(headers(id, block));
    expect(await outcome).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, remote: false });
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * mebibyte);
    const answer = ambush.client.unary({});
    const next = await requestOn(server);
    server.write(
      headers(next.id, Buffer.concat([fieldBlock(responseFields), indexed(62)])),
      data(next.id, echoResponse({ text: "still" })),
      headers(next.id, [["grpc-status", "0"]], { end: true }),
    );
    expect((await answer).text).toBe("still");
  });

  test("for the window of a stream: FLOW_CONTROL_ERROR, and its call only", async () => {
    const ambush = await Ambush.lay({ server: unmeasured });
    const rows = ambush.client.serverStream({})[Symbol.asyncIterator]();
    const first = rows.next();
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    server.write(headers(id, responseFields));
    const row = echoResponse({ payload: Buffer.alloc(16_000) });
    await server.flood(100, () => [data(id, row)]);
    expect((await first).done).toBe(false);
    await ambush.expectStreamError(server, id, "FLOW_CONTROL_ERROR");
    await expect(collect({ [Symbol.asyncIterator]: () => rows })).rejects.toMatchObject({ code: Code.INTERNAL });
  });

  test("on a stream nobody reads is held back by its window", async () => {
    const ambush = await Ambush.lay({ server: unmeasured });
    const rows = ambush.client.serverStream({})[Symbol.asyncIterator]();
    const first = rows.next();
    const server = await ambush.accept();
    const { id } = await requestOn(server);
    const before = await memoryInUse();
    server.write(headers(id, responseFields));
    const row = echoResponse({ payload: Buffer.alloc(10_000) });
    const window = server.received.find(({ kind }) => kind === "settings") as
      | { values: ReadonlyMap<number, number> }
      | undefined;
    let left = window?.values.get(Setting.INITIAL_WINDOW_SIZE) ?? 65_535;
    for (let more = true; more; ) {
      more = false;
      for (; left >= row.length; left -= row.length, more = true) server.write(data(id, row));
      await ambush.expectCall(server);
      for (; server.has(isWindowUpdate(id)); more = true) left += (await server.next(isWindowUpdate(id))).increment;
    }
    expect((await first).done).toBe(false);
    expect((await memoryInUse()) - before).toBeLessThan(24 * mebibyte);
    await rows.return?.();
  });

  test("messages for a call that has one is told apart from one that answers", async () => {
    const { ambush, outcome, server, id } = await askedInAMoment();
    server.write(headers(id, responseFields), ...Array.from({ length: 1000 }, () => data(id, echoResponse())));
    server.write(headers(id, [["grpc-status", "0"]], { end: true }));
    expect(await outcome).toMatchObject({ code: Code.UNIMPLEMENTED, remote: false });
    const answer = ambush.client.unary({});
    const next = await requestOn(server);
    server.write(wholeAnswer(next.id, { text: "one" }));
    expect((await answer).text).toBe("one");
  });
});
