import { describe, expect, test } from "vitest";
import { preface, Setting, Type } from "../../../support/http2/constants.js";
import { data, frame, headers, ping, settings, settingsAck, windowUpdate } from "../../../support/http2/frames.js";
import { answerTo, echoRequest, requestFields, responsesIn, wholeCall } from "../../../support/http2/grpc.js";
import { isData, isHeaders, isSettings, isSettingsAck, type SettingsFrame } from "../../../support/http2/received.js";
import { attack, expectCall, Siege } from "../../../support/http2/siege.js";
import { expectConnectionError } from "../../../support/http2/verdicts.js";

describe("how a connection begins", () => {
  test("the server says SETTINGS first, with its limits, and acknowledges those of the client (§3.4)", async () => {
    const { attacker } = await attack({ maxConcurrentStreams: 17, maxHeaderBytes: 5000, minPingIntervalMs: 3000 });
    const [said] = attacker.received.filter(isSettings) as [SettingsFrame];
    expect(attacker.received[0]).toBe(said);
    expect(said.values.get(Setting.MAX_CONCURRENT_STREAMS)).toBe(17);
    expect(said.values.get(Setting.MAX_HEADER_LIST_SIZE)).toBe(5000);
    expect(said.values.get(Setting.MIN_PING_INTERVAL)).toBe(3000);
    expect(said.values.get(Setting.MAX_FRAME_SIZE) ?? 16_384).toBeGreaterThanOrEqual(16_384);
    expect(said.values.has(Setting.ENABLE_PUSH), "a server does not say it (§6.5.2)").toBe(false);
    await attacker.next(isSettingsAck);
  });

  test.each<[story: string, greeting: readonly Uint8Array[]]>([
    ["HEADERS", [preface, wholeCall(1)]],
    ["PING", [preface, ping()]],
    ["WINDOW_UPDATE", [preface, windowUpdate(0, 1)]],
    ["a frame of an unknown type", [preface, frame(0xbe, 0, 0)]],
    ["an acknowledgement of SETTINGS", [preface, settingsAck]],
    ["an empty DATA frame", [preface, frame(Type.DATA, 0, 0)]],
  ])("%s before the client's SETTINGS is PROTOCOL_ERROR (§3.4)", async (_story, greeting) => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker({ greeting });
    await expectConnectionError(siege, attacker, "PROTOCOL_ERROR");
    expect(siege.handlers.asked).toBe(0);
  });

  test.each<[story: string, greeting: Buffer]>([
    ["a preface that is none", Buffer.from("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")],
    ["a preface for another version", Buffer.from("PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n")],
    ["TLS to a port without", Buffer.from("16030100c8010000c40303", "hex")],
    ["frames without a preface", Buffer.concat([settings(), wholeCall(1)])],
    ["zeros", Buffer.alloc(64)],
    ["a line that never ends", Buffer.alloc(100_000, "G")],
  ])("%s is hung up on (§3.4)", async (_story, greeting) => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker({ greeting: [greeting] });
    await attacker.closed;
    await siege.expectUntouched();
  });

  test("all of it may come in one piece, with calls behind it, or byte by byte", async () => {
    const siege = await Siege.lay();
    const greeting = [preface, settings(), wholeCall(1, "Unary", { text: "early" })];
    const early = await siege.attacker({ greeting });
    expect(responsesIn(await answerTo(early, 1))).toMatchObject([{ text: "early" }]);
    const slow = await siege.attacker({ greeting: [], answers: false });
    for (const byte of Buffer.concat(greeting)) {
      slow.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(responsesIn(await answerTo(slow, 1))).toMatchObject([{ text: "early" }]);
  });

  test("a client that never acknowledges our SETTINGS is SETTINGS_TIMEOUT (§6.5.3)", async () => {
    const siege = await Siege.lay({ keepaliveTimeoutMs: 5000 });
    await siege.expectUntouched();
    const attacker = await siege.attacker({ answers: false });
    siege.clock.advance(4999);
    expect(attacker.open).toBe(true);
    siege.clock.advance(1);
    await expectConnectionError(siege, attacker, "SETTINGS_TIMEOUT");
  });
});

describe("settings of a client", () => {
  test("are acknowledged one by one, in order (§6.5.3)", async () => {
    const { attacker } = await attack();
    attacker.write(settings([[Setting.MAX_FRAME_SIZE, 20_000]]), settings(), settings([[0x99, 1]]));
    for (let acks = 0; acks < 4; acks++) await attacker.next(isSettingsAck);
    await expectCall(attacker);
    expect(attacker.has(isSettingsAck)).toBe(false);
  });

  test("say how long a frame may be", async () => {
    const { attacker } = await attack();
    attacker.write(windowUpdate(0, 10_000_000));
    for (const most of [16_384, 30_000]) {
      attacker.write(
        settings([
          [Setting.MAX_FRAME_SIZE, most],
          [Setting.INITIAL_WINDOW_SIZE, 1_000_000],
        ]),
      );
      const id = attacker.nextId();
      attacker.write(wholeCall(id, "Unary", { responseBytes: 200_000 }));
      const answer = await answerTo(attacker, id);
      expect(answer.body.length).toBeGreaterThan(200_000);
      const lengths = attacker.received.filter(isData(id)).map(({ payload }) => payload.length);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(most);
    }
  });

  test("move the windows of streams that run, below zero too (§6.9.2)", async () => {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    attacker.write(wholeCall(id, "Unary", { responseBytes: 100_000 }));
    let received = 0;
    const take = async (): Promise<void> => {
      received += (await attacker.next(isData(id))).payload.length;
    };
    while (received < 65_535) await take();
    attacker.write(settings([[Setting.INITIAL_WINDOW_SIZE, 0]]), windowUpdate(0, 1_000_000), windowUpdate(id, 65_535));
    await expectBarrier();
    expect(attacker.has(isData(id)), "the window stands at 0").toBe(false);
    attacker.write(windowUpdate(id, 10));
    await take();
    expect(received).toBe(65_545);
    attacker.write(settings([[Setting.INITIAL_WINDOW_SIZE, 65_535]]));
    const { header } = { header: (await attacker.next(isHeaders(id))).fields };
    expect(header).toContainEqual([":status", "200"]);
    expect((await answerTo(attacker, id)).status).toBe(0);
    await siege.expectUntouched();

    /** What was said is known to the server. */
    async function expectBarrier(): Promise<void> {
      attacker.write(settings());
      for (let acks = 0; acks < 3; acks++) await attacker.next(isSettingsAck);
    }
  });

  test("that leave no room for header fields end calls, not the server", async () => {
    const { siege, attacker } = await attack();
    attacker.write(settings([[Setting.MAX_HEADER_LIST_SIZE, 0]]));
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields()), data(id, echoRequest(), { end: true }));
    const { status, resetCode } = await answerTo(attacker, id);
    expect(Number.isNaN(status) ? resetCode : status).toBeDefined();
    await siege.expectUntouched();
  });
});
