import { Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { codeName } from "../../../src/errors/errors.js";
import { Patience } from "../../../src/transport/http2/connection/patience.js";
import { PingKind, Pings } from "../../../src/transport/http2/connection/pings.js";
import { Sending } from "../../../src/transport/http2/flow-control/sending.js";
import { Flag } from "../../../src/transport/http2/frames/frames.js";
import type { Http2TransportOptions } from "../../../src/transport/http2/http2.js";
import { Outbox } from "../../../src/transport/http2/outbox.js";
import { rpcFailure } from "../../support/collect.js";
import { eventually } from "../../support/eventually.js";
import { Setting } from "../../support/http2/constants.js";
import { data, headers, settings, settingsAck } from "../../support/http2/frames.js";
import { echoResponse, responseFields } from "../../support/http2/grpc.js";
import type { RawPeer } from "../../support/http2/raw-peer.js";
import { isPing } from "../../support/http2/received.js";
import { given, nextCall } from "../../support/http2/scripted-server.js";
import { ManualClock } from "../../support/manual-clock.js";
import { SocketDouble } from "./outbox/socket-double.js";

const keepaliveMs = 10_000;
const keepaliveTimeoutMs = 4000;
const seldomMs = 5 * 60_000 + 1000;

/** A stream of which nothing comes. @param allowedMs what the server says of PINGs; undefined where it says nothing */
async function silence(options: Http2TransportOptions = {}, allowedMs?: number) {
  const said = allowedMs === undefined ? [] : ([[Setting.MIN_PING_INTERVAL, allowedMs]] as const);
  const greeting = [settings(said)];
  const { listener, client, clock } = await given({ keepaliveTimeoutMs, ...options }, { greeting });
  const end = new AbortController();
  onTestFinished(() => end.abort());
  const lasting = { timeoutMs: Number.POSITIVE_INFINITY, signal: end.signal };
  const answers = client.serverStream({}, lasting)[Symbol.asyncIterator]();
  const first = answers.next();
  first.catch(() => {});
  const peer = await listener.accept();
  const { id } = await nextCall(peer);
  await eventually(() => expect(clock.nextMs).toBe(options.keepaliveMs ?? keepaliveMs));

  /** How long it takes until the server is asked, which it answers. */
  const asked = async (): Promise<number> => {
    const from = clock.now();
    do clock.advance(clock.nextMs as number);
    while (clock.nextMs !== keepaliveTimeoutMs);
    await peer.next(isPing);
    await eventually(() => expect(clock.nextMs).not.toBe(keepaliveTimeoutMs));
    return clock.now() - from;
  };
  /** The server says something. */
  const speak = async (): Promise<void> => {
    peer.write(headers(id, responseFields), data(id, echoResponse()));
    await first;
  };
  return { asked, speak };
}

async function inTurn(times: number, asked: () => Promise<number>): Promise<readonly number[]> {
  const each: number[] = [];
  for (let time = 0; time < times; time++) each.push(await asked());
  return each;
}

describe("a silent server", () => {
  test("that says nothing of PINGs is asked twice, and then as seldom as gRPC's own servers allow", async () => {
    const { asked } = await silence();
    expect(await inTurn(5, asked)).toEqual([keepaliveMs, keepaliveMs, seldomMs, seldomMs, seldomMs]);
  });

  test("is asked as at first once it has said something", async () => {
    const { asked, speak } = await silence();
    expect(await inTurn(3, asked)).toEqual([keepaliveMs, keepaliveMs, seldomMs]);
    await speak();
    expect(await inTurn(3, asked)).toEqual([keepaliveMs, keepaliveMs, seldomMs]);
  });

  test.each<[allowedMs: number, thenMs: number]>([
    [0, keepaliveMs],
    [5000, keepaliveMs],
    [60_000, 61_000],
  ])("that allows a PING every %i ms is asked every %i ms once it would mind more", async (allowedMs, thenMs) => {
    const { asked } = await silence({}, allowedMs);
    expect(await inTurn(4, asked)).toEqual([keepaliveMs, keepaliveMs, thenMs, thenMs]);
  });

  test("is asked as often as a client was told to, where it does not say that it minds", async () => {
    const { asked } = await silence({ keepaliveMs });
    expect(await inTurn(4, asked)).toEqual([keepaliveMs, keepaliveMs, keepaliveMs, keepaliveMs]);
  });

  test.each<[options: Http2TransportOptions, allowedMs: number | undefined, calls: readonly unknown[]]>([
    [{}, undefined, [[true, keepaliveMs]]],
    [{}, 60_000, [[true, keepaliveMs]]],
    [{ keepaliveMs: 300 }, 60_000, [[true, 1000]]],
    [{}, 5000, []],
    [{ keepaliveMs }, undefined, []],
  ])(
    "is asked by the system where we ask seldom: it finds a dead machine (%j, %j)",
    async (options, allowed, calls) => {
      const setKeepAlive = vi.spyOn(Socket.prototype, "setKeepAlive");
      onTestFinished(() => setKeepAlive.mockRestore());
      await silence(options, allowed);
      expect(setKeepAlive.mock.calls).toEqual(calls);
    },
  );
});

test("a server that is gone is found out by calls that are shorter than its patience, and they have another connection", async () => {
  const { listener, client, clock } = await given({}, { answers: false, greeting: [settings(), settingsAck] });
  const outcomes: string[] = [];
  let peer: RawPeer | undefined;
  for (let call = 0; call < 4; call++) {
    const outcome = rpcFailure(client.unary({}, { timeoutMs: 4000 }));
    peer ??= await listener.accept();
    await nextCall(peer);
    clock.advance(4000);
    outcomes.push(codeName((await outcome).code));
  }
  expect(outcomes).toEqual([...Array(3).fill("DEADLINE_EXCEEDED"), "UNAVAILABLE"]);
  const again = client.unary({});
  (await nextCall(await listener.accept())).answer("anew");
  expect((await again).text).toBe("anew");
});

describe("PINGs that a server may have had since it last said something", () => {
  function pings() {
    const outbox = new Outbox(new SocketDouble().socket);
    const patience = new Patience(new ManualClock(), outbox);
    const pings = new Pings(outbox, new Sending(outbox), patience, { onPing() {}, onPingAnswer() {} });
    return { pings, answer: () => pings.take(Flag.ACK, 0, Buffer.alloc(8), 0, 8) };
  }

  test("are all that were sent since then, answered or not", () => {
    const { pings: ours, answer } = pings();
    ours.send(PingKind.keepalive);
    answer();
    ours.send(PingKind.keepalive);
    expect(ours.unheard).toBe(2);
  });

  test("are those under way when it spoke, too: it may have spoken before they came", () => {
    const { pings: ours, answer } = pings();
    ours.send(PingKind.bandwidth);
    ours.heard();
    expect(ours.unheard).toBe(1);
    answer();
    expect(ours.unheard).toBe(1);
    ours.heard();
    expect(ours.unheard).toBe(0);
  });

  test("are no fewer for answers nobody asked for", () => {
    const { pings: ours, answer } = pings();
    answer();
    ours.send(PingKind.keepalive);
    ours.heard();
    expect(ours.unheard).toBe(1);
  });
});
