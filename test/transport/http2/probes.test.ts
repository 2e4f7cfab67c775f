import { Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Http2TransportOptions } from "../../../src/transport/http2/http2.js";
import { Setting } from "../../support/http2/constants.js";
import { data, headers, settings } from "../../support/http2/frames.js";
import { echoResponse, responseFields } from "../../support/http2/grpc.js";
import { isPing } from "../../support/http2/received.js";
import { given, nextCall } from "../../support/http2/scripted-server.js";

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
  await vi.waitFor(() => expect(clock.nextMs).toBe(options.keepaliveMs ?? keepaliveMs));

  /** How long it takes until the server is asked, which it answers. */
  const asked = async (): Promise<number> => {
    const from = clock.now();
    do clock.advance(clock.nextMs as number);
    while (clock.nextMs !== keepaliveTimeoutMs);
    await peer.next(isPing);
    await vi.waitFor(() => expect(clock.nextMs).not.toBe(keepaliveTimeoutMs));
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

  test("that we ask seldom is asked by the system meanwhile: it finds out that a machine is gone", async () => {
    const setKeepAlive = vi.spyOn(Socket.prototype, "setKeepAlive");
    onTestFinished(() => setKeepAlive.mockRestore());
    const { asked } = await silence();
    await asked();
    expect(setKeepAlive).not.toHaveBeenCalled();
    await asked();
    expect(setKeepAlive.mock.calls).toEqual([[true, keepaliveMs]]);
  });
});
