import { describe, expect, test } from "vitest";
import { preface, Setting } from "../../../support/http2/constants.js";
import { data, headers, reset, settings, windowUpdate } from "../../../support/http2/frames.js";
import { answerTo, echoRequest, message, requestFields, wholeCall } from "../../../support/http2/grpc.js";
import { isData, isSettings, isWindowUpdate, type SettingsFrame } from "../../../support/http2/received.js";
import { expectCall, Siege } from "../../../support/http2/siege.js";
import { expectConnectionError, expectStreamError } from "../../../support/http2/verdicts.js";
import { forever } from "../../../support/moment.js";

const piece = message(Buffer.alloc(16_000));

/**
 * A server whose handlers read nothing, and somebody who sends to it all the same, but answers no PING: the server never
 * learns what the road holds, and its windows stay as they are.
 */
async function begin() {
  const siege = await Siege.lay({ handlers: { clientStream: () => forever } });
  const attacker = await siege.attacker({ answers: false });
  const [said] = attacker.received.filter(isSettings) as [SettingsFrame];
  return { siege, attacker, window: said.values.get(Setting.INITIAL_WINDOW_SIZE) ?? 65_535 };
}

describe("windows of a server", () => {
  test("may be used up to the last byte", async () => {
    const { siege, attacker, window } = await begin();
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields("ClientStream")));
    const left = window % 16_384;
    await attacker.flood(Math.floor(window / 16_384), () => data(id, Buffer.alloc(16_384)));
    if (left > 0) attacker.write(data(id, Buffer.alloc(left)));
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("of a stream that are overrun cost the stream: FLOW_CONTROL_ERROR (§6.9.1)", async () => {
    const { siege, attacker, window } = await begin();
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields("ClientStream")));
    await attacker.flood(2 * Math.ceil(window / piece.length), () => data(id, piece));
    await expectStreamError(siege, attacker, id, "FLOW_CONTROL_ERROR");
  });

  test("are used up by padding, too, and given back for it at once (§6.1)", async () => {
    const { siege, attacker } = await begin();
    const id = attacker.nextId();
    attacker.write(headers(id, requestFields("ClientStream")));
    await attacker.flood(100, () => Array.from({ length: 200 }, () => data(id, "x", { padding: 255 })));
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("of a connection that are overrun cost the connection: FLOW_CONTROL_ERROR (§6.9.1)", async () => {
    const { siege, attacker, window } = await begin();
    const perStream = Math.floor(window / piece.length);
    let sent = 0;
    for (let streams = 0; streams < 60 && attacker.open; streams++) {
      const id = attacker.nextId();
      attacker.write(headers(id, requestFields("ClientStream")));
      sent += piece.length * (await attacker.flood(perStream, () => data(id, piece)));
    }
    expect(sent).toBeLessThan(40 * 1024 * 1024);
    await expectConnectionError(siege, attacker, "FLOW_CONTROL_ERROR");
  });

  test("come back when streams that nobody read are reset", async () => {
    const { siege, attacker, window } = await begin();
    const perStream = Math.floor(window / piece.length);
    for (let streams = 0; streams < 40; streams++) {
      const id = attacker.nextId();
      attacker.write(headers(id, requestFields("ClientStream")));
      expect(await attacker.flood(perStream, () => data(id, piece))).toBe(perStream);
      attacker.write(reset(id, 8));
    }
    await expectCall(attacker);
    await siege.expectUntouched();
  });

  test("grow while a handler reads: a stream carries more than its first window (§6.9)", async () => {
    const siege = await Siege.lay();
    const client = await siege.attacker();
    const id = client.nextId();
    client.write(headers(id, requestFields("Bidi")));
    let left = 65_535;
    for (let sent = 0; sent < 8 * 1024 * 1024; sent += piece.length) {
      while (left < piece.length) left += (await client.next(isWindowUpdate(0))).increment;
      while (client.has(isWindowUpdate(0))) left += (await client.next(isWindowUpdate(0))).increment;
      client.write(data(id, echoRequest({ payload: Buffer.alloc(15_000) })));
      left -= piece.length;
      await expectCall(client);
    }
    client.write(data(id, "", { end: true }));
    expect((await answerTo(client, id)).status).toBe(0);
    await siege.expectUntouched();
  });
});

describe("windows of a client", () => {
  test("are kept to, to the byte, on streams and on the connection (§6.9)", async () => {
    const siege = await Siege.lay();
    const attacker = await siege.attacker({ greeting: [preface, settings([[Setting.INITIAL_WINDOW_SIZE, 40_000]])] });
    const [one, other] = [attacker.nextId(), attacker.nextId()];
    attacker.write(
      wholeCall(one, "Unary", { responseBytes: 100_000 }),
      wholeCall(other, "Unary", { responseBytes: 100_000 }),
    );
    const received = new Map([
      [one, 0],
      [other, 0],
    ]);
    const take = async (until: number): Promise<void> => {
      for (let all = sum(); all < until; all = sum()) {
        const frame = await attacker.next((each) => each.kind === "data" && received.has(each.id));
        received.set(frame.id, (received.get(frame.id) as number) + frame.payload.length);
      }
    };
    const sum = (): number => [...received.values()].reduce((a, b) => a + b, 0);
    await take(65_535);
    await siege.expectUntouched();
    expect(attacker.has(isData())).toBe(false);
    for (const bytes of received.values()) expect(bytes).toBeLessThanOrEqual(40_000);
    attacker.write(windowUpdate(0, 14_465));
    await take(80_000);
    await siege.expectUntouched();
    expect([...received.values()]).toEqual([40_000, 40_000]);
    expect(attacker.has(isData())).toBe(false);
    attacker.write(windowUpdate(0, 1_000_000), windowUpdate(one, 1), windowUpdate(other, 2));
    await take(80_003);
    expect([...received.values()]).toEqual([40_001, 40_002]);
  });
});
