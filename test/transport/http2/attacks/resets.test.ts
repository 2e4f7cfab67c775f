import { describe, expect, test } from "vitest";
import { ErrorCode } from "../../../support/http2/constants.js";
import { data, frame, headers, ping, priority, reset, windowUpdate } from "../../../support/http2/frames.js";
import { answerTo, changed, echoRequest, requestFields, wholeCall } from "../../../support/http2/grpc.js";
import type { RawPeer } from "../../../support/http2/raw-peer.js";
import { isPingAck } from "../../../support/http2/received.js";
import { expectCall, Siege } from "../../../support/http2/siege.js";
import { expectConnectionError } from "../../../support/http2/verdicts.js";
import { forever, Moment } from "../../../support/moment.js";

/** Nobody is borne with for longer: calls, each of them nothing but work for the server. */
const tooMany = 10_000;

/** Handlers that neither finish nor mind being cancelled: the worst there are. */
const stubborn = { handlers: { put: () => forever }, maxConcurrentStreams: 20 };

/** Makes one call after another until the server has had enough. @returns how many it took */
async function assault(attacker: RawPeer, call: (id: number) => Buffer): Promise<number> {
  const batch = 50;
  const batches = await attacker.flood(tooMany / batch, () =>
    Array.from({ length: batch }, () => call(attacker.nextId())),
  );
  return batches * batch;
}

/** So many calls, each cancelled as soon as it is made. */
function makeAndCancel(client: RawPeer, count: number, call: (id: number) => Buffer): void {
  for (let n = 0; n < count; n++) {
    const id = client.nextId();
    client.write(call(id), reset(id, ErrorCode.CANCEL));
  }
}

describe("rapid reset (CVE-2023-44487)", () => {
  test("ends with the connection, and no more handlers run than calls are allowed at once", async () => {
    const siege = await Siege.lay(stubborn);
    const attacker = await siege.attacker();
    const calls = await assault(attacker, (id) => Buffer.concat([wholeCall(id, "Put"), reset(id, ErrorCode.CANCEL)]));
    expect(calls).toBeLessThan(tooMany);
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /too many/);
    expect(siege.handlers.most).toBe(20);
    expect(siege.handlers.asked).toBe(20);
  });

  test("ends with the connection where handlers are quick, too", async () => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker();
    const calls = await assault(attacker, (id) =>
      Buffer.concat([
        headers(id, requestFields("Bidi")),
        data(id, echoRequest({ count: 1 })),
        reset(id, ErrorCode.CANCEL),
      ]),
    );
    expect(calls).toBeLessThan(tooMany);
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /resets of streams/);
    expect(siege.handlers.most).toBeLessThanOrEqual(1000);
  });

  test("a call that was reset counts until its handler has finished: what comes meanwhile is refused, not run", async () => {
    const finish = new Moment();
    const siege = await Siege.lay({
      handlers: { put: () => finish.promise.then(() => ({})) },
      maxConcurrentStreams: 3,
    });
    const attacker = await siege.attacker();
    makeAndCancel(attacker, 3, (id) => wholeCall(id, "Put"));
    for (let n = 0; n < 3; n++) {
      const id = attacker.nextId();
      attacker.write(wholeCall(id, "Put"));
      expect(await answerTo(attacker, id)).toMatchObject({ resetCode: ErrorCode.REFUSED_STREAM });
    }
    expect(siege.handlers.asked).toBe(3);
    finish.now();
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("who keeps to the limit while handlers are stuck is refused for as long as they are, and keeps the connection", async () => {
    const siege = await Siege.lay(stubborn);
    const client = await siege.attacker();
    makeAndCancel(client, 20, (id) => wholeCall(id, "Put"));
    expect(await assault(client, (id) => wholeCall(id, "Put"))).toBe(tooMany);
    expect(siege.handlers.asked).toBe(20);
    client.write(ping());
    await client.next(isPingAck);
    await siege.expectUntouched();
  });

  test("a busy client whose calls time out is no attacker: cancelled calls at its pace are borne with for ever", async () => {
    const siege = await Siege.lay();
    const client = await siege.attacker();
    for (let second = 0; second < 30; second++) {
      makeAndCancel(client, 400, (id) => headers(id, requestFields("ClientStream")));
      await expectCall(client);
      siege.clock.advance(1000);
    }
    await siege.expectUntouched();
  });

  test("a long life of a few resets now and then is not held against a client", async () => {
    const siege = await Siege.lay({ keepaliveMs: 0 });
    const client = await siege.attacker();
    for (let hour = 0; hour < 30; hour++) {
      makeAndCancel(client, 100, (id) => headers(id, requestFields("ClientStream")));
      await expectCall(client);
      siege.clock.advance(3_600_000);
    }
    await siege.expectUntouched();
  });
});

describe("a server that is provoked to reset (MadeYouReset, CVE-2025-8671)", () => {
  test.each<[how: string, provoke: (id: number) => Buffer]>([
    ["a window that grows by 0", (id) => windowUpdate(id, 0)],
    ["a window that overflows", (id) => windowUpdate(id, 0x7fffffff)],
    ["data behind the end", (id) => data(id, echoRequest())],
    ["header fields behind the end", (id) => headers(id, requestFields())],
    ["a priority of a wrong length", (id) => frame(2, 0, id, "123456")],
  ])(
    "by %s: the connection ends, and where handlers are stuck no more run than calls are allowed at once",
    async (_how, provoke) => {
      const provoked = (id: number): Buffer =>
        Buffer.concat([headers(id, requestFields("ClientStream"), { end: true }), provoke(id)]);
      const siege = await Siege.lay();
      const attacker = await siege.attacker();
      expect(await assault(attacker, provoked)).toBeLessThan(tooMany);
      await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /errors of single streams/);
      const stuck = await Siege.lay(stubborn);
      await assault(await stuck.attacker(), (id) => Buffer.concat([wholeCall(id, "Put"), provoke(id)]));
      expect(stuck.handlers.asked).toBe(20);
      await stuck.expectUntouched();
    },
  );

  test.each<[how: string, call: (id: number) => Buffer]>([
    ["requests that are malformed", (id) => headers(id, changed(requestFields(), ":path", ""), { end: true })],
    [
      "header fields without names (0-length headers, CVE-2019-9516)",
      (id) => headers(id, [...requestFields(), ["", ""]], { end: true }),
    ],
    ["more data than a window takes", (id) => Buffer.concat([headers(id, requestFields("Put")), windowUpdate(id, 0)])],
  ])("by %s: no handler is asked, and the connection ends", async (_how, call) => {
    const siege = await Siege.lay(stubborn);
    const attacker = await siege.attacker();
    expect(await assault(attacker, call)).toBeLessThan(tooMany);
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /errors of single streams/);
    expect(siege.handlers.asked).toBe(0);
  });

  test("by calls beyond what it carries: they are refused, and the connection ends once it is too many", async () => {
    const siege = await Siege.lay(stubborn);
    const attacker = await siege.attacker();
    expect(await assault(attacker, (id) => wholeCall(id, "Put"))).toBeLessThan(tooMany);
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM");
    expect(siege.handlers.asked).toBe(20);
  });
});

describe("streams that come and go without a call in them", () => {
  test.each<[what: string, call: (id: number) => Buffer]>([
    ["priorities of streams that are not there (CVE-2019-9513)", (id) => priority(id, id + 2)],
    ["priorities of one stream, changed again and again (CVE-2019-9513)", () => priority(1, 0, 3)],
  ])("%s end with the connection", async (_what, call) => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker();
    expect(await assault(attacker, call)).toBeLessThan(tooMany);
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /PRIORITY/);
  });
});
