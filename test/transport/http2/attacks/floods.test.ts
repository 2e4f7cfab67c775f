import { describe, expect, test } from "vitest";
import { ErrorCode, preface, Setting, Type } from "../../../support/http2/constants.js";
import {
  data,
  frame,
  headers,
  ping,
  reset,
  settings,
  settingsAck,
  windowUpdate,
} from "../../../support/http2/frames.js";
import { echoRequest, requestFields } from "../../../support/http2/grpc.js";
import { isData, isPingAck } from "../../../support/http2/received.js";
import { attack, attackAmidCall, expectCall, Siege } from "../../../support/http2/siege.js";
import { expectConnectionError } from "../../../support/http2/verdicts.js";

/** Frames of which none is worth anything; nobody is borne with for longer. */
const tooMany = 20_000;
const batch = 100;

describe("a flood of frames that carry nothing ends with the connection:", () => {
  test.each<[what: string, name: RegExp, say: (id: number) => Buffer]>([
    ["SETTINGS, each to be acknowledged (CVE-2019-9515)", /SETTINGS/, () => settings()],
    [
      "SETTINGS that move every window (CVE-2019-9515)",
      /SETTINGS/,
      () =>
        settings([
          [Setting.INITIAL_WINDOW_SIZE, 1],
          [Setting.INITIAL_WINDOW_SIZE, 65_535],
        ]),
    ],
    [
      "SETTINGS that empty and fill the header table",
      /SETTINGS/,
      () =>
        settings([
          [Setting.HEADER_TABLE_SIZE, 0],
          [Setting.HEADER_TABLE_SIZE, 4096],
        ]),
    ],
    ["empty DATA (CVE-2019-9518)", /empty/, (id) => data(id)],
    ["DATA of padding alone (CVE-2019-9518)", /empty/, (id) => data(id, "", { padding: 2 })],
    ["frames of unknown types", /unknown/, (id) => frame(0xbe, 0, id, "x")],
    ["PRIORITY (CVE-2019-9513)", /PRIORITY/, (id) => frame(Type.PRIORITY, 0, id, Buffer.of(0, 0, 0, 0, 7))],
  ])("%s", async (_what, name, say) => {
    const { siege, attacker, id } = await attackAmidCall();
    const said = await attacker.flood(tooMany / batch, () => Array.from({ length: batch }, () => say(id)));
    expect(said * batch).toBeLessThan(tooMany);
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", name);
  });

  test("SETTINGS of thousands of settings", async () => {
    const { siege, attacker } = await attackAmidCall();
    const moves = Array.from({ length: 2500 }, (_, n) => [Setting.INITIAL_WINDOW_SIZE, n % 2] as const);
    const said = await attacker.flood(1000, () => settings(moves));
    expect(said).toBeLessThan(10);
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /SETTINGS/);
  });
});

describe("a flood of PINGs (CVE-2019-9512) ends with the connection:", () => {
  test("those that come too soon while nothing is said are strikes, and the third is too_many_pings (gRFC A8)", async () => {
    const { siege, attacker } = await attackAmidCall();
    await expectCall(attacker);
    attacker.write(...Array.from({ length: 50 }, () => ping()));
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /^too_many_pings$/);
    expect(attacker.received.filter(isPingAck).length).toBeLessThanOrEqual(4);
  });

  test("on a connection without calls, too", async () => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker({
      greeting: [preface, settings(), ...Array.from({ length: 50 }, () => ping())],
    });
    await expectConnectionError(siege, attacker, "ENHANCE_YOUR_CALM", /^too_many_pings$/);
  });

  test("those at the pace that is allowed are answered for ever", async () => {
    const { siege, attacker } = await attackAmidCall({ minPingIntervalMs: 5000, keepaliveMs: 0 });
    await expectCall(attacker);
    for (let pings = 0; pings < 100; pings++) {
      attacker.write(ping(`ping ${String(pings).padStart(3, "0")}`));
      await attacker.next(isPingAck);
      siege.clock.advance(5000);
    }
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("those of a client that measures the road while it is sent data are no strikes", async () => {
    const { siege, attacker } = await attack();
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields("Bidi")));
    for (let messages = 0; messages < 200; messages++) {
      attacker.write(data(id, echoRequest({ count: 1, text: String(messages) })));
      await attacker.next(isData(id));
      attacker.write(ping());
      await attacker.next(isPingAck);
    }
    await expectCall(attacker);
    await siege.expectUntouched();
  });
});

describe("a flood of frames that cost no more than reading them is passed over, and nothing is kept of it:", () => {
  test.each<[what: string, say: (id: number) => Buffer]>([
    ["acknowledgements of PINGs nobody sent", () => ping("unasked!", true)],
    ["acknowledgements of SETTINGS nobody sent", () => settingsAck],
    ["windows of the connection that grow by 1", () => windowUpdate(0, 1)],
    ["windows of a stream that grow by 1", (id) => windowUpdate(id, 1)],
    ["windows of a stream that is over", () => windowUpdate(1, 1)],
    ["resets of a stream that is over", () => reset(1, ErrorCode.CANCEL)],
  ])("%s", async (_what, say) => {
    const { siege, attacker } = await attack();
    await expectCall(attacker);
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields("ClientStream")));
    await expectCall(attacker);
    const seen = attacker.received.length;
    await attacker.flood(100, () => Array.from({ length: batch }, () => say(id)));
    await expectCall(attacker);
    expect(attacker.received.slice(seen).filter(({ kind }) => kind !== "headers" && kind !== "data")).toEqual([]);
    await siege.expectUntouched();
  });
});

describe("windows that are opened by the byte (data dribble, CVE-2019-9511)", () => {
  test("many small ones at once are answered by few frames", async () => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker({ greeting: [preface, settings([[Setting.INITIAL_WINDOW_SIZE, 0]])] });
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields()), data(id, echoRequest({ responseBytes: 100_000 }), { end: true }));
    await expectSettled();
    const updates = 5000;
    attacker.write(...Array.from({ length: updates }, () => windowUpdate(id, 1)));
    let received = 0;
    let frames = 0;
    for (; received < updates; frames++) received += (await attacker.next(isData(id))).payload.length;
    expect(frames).toBeLessThan(updates / 50);
    await siege.expectUntouched();

    /** The answer is under way, but for its data. */
    async function expectSettled(): Promise<void> {
      await attacker.next(({ kind, id: of }) => kind === "headers" && of === id);
    }
  });
});
