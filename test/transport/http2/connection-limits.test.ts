import { describe, expect, test } from "vitest";
import { ErrorCode, largestWindow } from "../../support/http2/constants.js";
import { data, headers, ping } from "../../support/http2/frames.js";
import { answerTo, echoRequest, requestFields, responsesIn } from "../../support/http2/grpc.js";
import type { RawPeer, RawPeerOptions } from "../../support/http2/raw-peer.js";
import { isGoaway, isPingAck } from "../../support/http2/received.js";
import { expectCall, Siege, type SiegeOptions } from "../../support/http2/siege.js";

/** A call that runs until it is told to end. */
function begin(peer: RawPeer): { id: number; end: () => Promise<readonly string[]> } {
  const id = peer.nextId();
  peer.write(headers(id, requestFields("Bidi")), data(id, echoRequest({ count: 1, text: "begun" })));
  return {
    id,
    end: async () => {
      peer.write(data(id, echoRequest({ count: 1, text: "ended" }), { end: true }));
      return responsesIn(await answerTo(peer, id)).map(({ text }) => text);
    },
  };
}

async function given(options: SiegeOptions) {
  const siege = await Siege.lay({ keepaliveMs: 0, ...options });
  return { clock: siege.clock, attacker: (peer?: RawPeerOptions) => siege.attacker(peer) };
}

describe("maxConnectionIdleMs: a connection", () => {
  test("without calls for so long is left, and says for what", async () => {
    const { clock, attacker } = await given({ maxConnectionIdleMs: 60_000 });
    const peer = await attacker();
    await expectCall(peer);
    clock.advance(59_999);
    await expectCall(peer);
    clock.advance(59_999);
    expect(peer.has(isGoaway)).toBe(false);
    clock.advance(1);
    expect(await peer.next(isGoaway)).toMatchObject({ code: ErrorCode.NO_ERROR, text: "max_idle" });
    await peer.closed;
  });

  test("that never had a call is left too", async () => {
    const { clock, attacker } = await given({ maxConnectionIdleMs: 60_000 });
    const peer = await attacker();
    await peer.next();
    clock.advance(60_000);
    await peer.closed;
  });

  test("with a call running is not, however long it takes", async () => {
    const { clock, attacker } = await given({ maxConnectionIdleMs: 60_000 });
    const peer = await attacker();
    const call = begin(peer);
    await expectCall(peer);
    for (let minute = 0; minute < 10; minute++) clock.advance(60_000);
    expect(await call.end()).toEqual(["begun", "ended"]);
    clock.advance(59_999);
    await expectCall(peer);
    expect(peer.has(isGoaway)).toBe(false);
  });
});

describe("maxConnectionAgeMs: a connection", () => {
  test.each([
    ["0.9 of it where chance is 0", 0, 90_000],
    ["1.1 of it where chance is 1", 1, 110_000],
  ])("grows old after %s, and its calls finish", async (_when, chance, ageMs) => {
    const { clock, attacker } = await given({ maxConnectionAgeMs: 100_000, random: () => chance });
    const peer = await attacker();
    const call = begin(peer);
    await expectCall(peer);
    clock.advance(ageMs - 1);
    await expectCall(peer);
    expect(peer.has(isGoaway)).toBe(false);
    clock.advance(1);
    expect(await peer.next(isGoaway)).toMatchObject({ lastId: largestWindow, text: "max_age" });
    expect(await peer.next(isGoaway)).toMatchObject({ code: ErrorCode.NO_ERROR, text: "max_age" });
    expect(await call.end()).toEqual(["begun", "ended"]);
    await peer.closed;
  });

  test("lets calls in that were on their way", async () => {
    const { clock, attacker } = await given({ maxConnectionAgeMs: 100_000, random: () => 0.5 });
    const peer = await attacker({ answers: false });
    peer.write(Buffer.from("000000040100000000", "hex")); // SETTINGS ack
    await expectCall(peer);
    clock.advance(100_000);
    await peer.next(isGoaway);
    await expectCall(peer);
  });

  test("is cut off after maxConnectionAgeGraceMs", async () => {
    const { clock, attacker } = await given({
      maxConnectionAgeMs: 100_000,
      maxConnectionAgeGraceMs: 30_000,
      random: () => 0.5,
    });
    const peer = await attacker();
    begin(peer);
    await expectCall(peer);
    clock.advance(100_000);
    await peer.next(isGoaway);
    await peer.next(isGoaway);
    clock.advance(29_999);
    expect(peer.open).toBe(true);
    clock.advance(1);
    await peer.closed;
  });
});

describe("minPingIntervalMs: a client that pings", () => {
  test("more often than allowed is told so and cut off at the third time too many (gRFC A8)", async () => {
    const { attacker } = await given({ minPingIntervalMs: 5000 });
    const peer = await attacker();
    await peer.next();
    for (let times = 0; times < 3; times++) {
      peer.write(ping());
      await peer.next(isPingAck);
    }
    peer.write(ping());
    expect(await peer.next(isGoaway)).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, text: "too_many_pings" });
    await peer.closed;
  });

  test("no more often than allowed is borne for ever", async () => {
    const { clock, attacker } = await given({ minPingIntervalMs: 5000 });
    const peer = await attacker();
    for (let times = 0; times < 20; times++) {
      peer.write(ping());
      await peer.next(isPingAck);
      clock.advance(5000);
    }
    await expectCall(peer);
  });

  test("as often as it likes is borne where all pings are allowed", async () => {
    const { attacker } = await given({ minPingIntervalMs: 0 });
    const peer = await attacker();
    for (let times = 0; times < 20; times++) {
      peer.write(ping());
      await peer.next(isPingAck);
    }
    await expectCall(peer);
  });
});
