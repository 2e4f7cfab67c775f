import { describe, expect, test } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { rpcFailure } from "../../support/collect.js";
import { eventually } from "../../support/eventually.js";
import { ErrorCode } from "../../support/http2/constants.js";
import { goaway, headers, ping } from "../../support/http2/frames.js";
import { isHeaders, isPing, isPingAck } from "../../support/http2/received.js";
import { given, limited, nextCall } from "../../support/http2/scripted-server.js";
import { untilState } from "../../support/until-state.js";

describe("GOAWAY of a server", () => {
  test("lets running calls finish, and others have a new connection at once", async () => {
    const { listener, client, states, channel } = await given();
    const running = client.unary({});
    const old = await listener.accept();
    const first = await nextCall(old);
    await untilState(channel, "ready");
    old.write(goaway(first.id, ErrorCode.NO_ERROR, "max_age"));
    const young = await listener.accept();
    await untilState(channel, "ready");
    expect(states).toEqual(["connecting", "ready", "broken", "ready"]);
    const other = client.unary({});
    (await nextCall(young)).answer("young");
    expect((await other).text).toBe("young");
    first.answer("old");
    expect((await running).text).toBe("old");
    await old.closed;
  });

  test("before a call was looked at makes it unprocessed", async () => {
    const { listener, client } = await given();
    const outcome = rpcFailure(client.unary({}));
    const peer = await listener.accept();
    await nextCall(peer);
    peer.write(goaway(0, ErrorCode.NO_ERROR));
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
  });

  test("while calls wait for room takes them elsewhere, none of them onto the connection that leaves", async () => {
    const { listener, client } = await given({}, limited(1));
    const refused = rpcFailure(client.unary({}));
    const old = await listener.accept();
    await nextCall(old);
    const waiting = client.unary({});
    old.write(goaway(0, ErrorCode.NO_ERROR));
    expect(await refused).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    const young = await listener.accept();
    (await nextCall(young)).answer("young");
    expect((await waiting).text).toBe("young");
    expect(old.has(isHeaders())).toBe(false);
  });

  test("on one of several connections has another opened for the calls that wait", async () => {
    const { listener, client } = await given({ maxConnectionsPerAddress: 2 }, limited(1));
    const answers = ["a", "b", "c"].map((text) => client.unary({ text }));
    const peers = [await listener.accept(), await listener.accept()] as const;
    const [first, second] = [await nextCall(peers[0]), await nextCall(peers[1])];
    peers[0].write(goaway(first.id, ErrorCode.NO_ERROR));
    (await nextCall(await listener.accept())).answer("third");
    first.answer("first");
    second.answer("second");
    expect((await Promise.all(answers)).map(({ text }) => text).sort()).toEqual(["first", "second", "third"]);
  });

  test("is what calls are told also where the connection is reset behind it", async () => {
    const { listener, client } = await given();
    const outcome = rpcFailure(client.unary({}));
    const peer = await listener.accept();
    const { id } = await nextCall(peer);
    peer.write(goaway(id, ErrorCode.ENHANCE_YOUR_CALM, "too many resets of streams"), ping());
    await peer.next(isPingAck);
    peer.socket.resetAndDestroy();
    expect((await outcome).message).toContain("too many resets of streams");
  });

  test("for want of calls leaves the channel idle until there is one", async () => {
    const { listener, client, channel, states, clock } = await given();
    channel.connect();
    const old = await listener.accept();
    await untilState(channel, "ready");
    old.write(goaway(2 ** 31 - 1, ErrorCode.NO_ERROR, "max_idle"));
    await old.closed;
    expect(states).toEqual(["connecting", "ready", "idle"]);
    await eventually(() => expect(clock.pending).toBe(0));
    const answer = client.unary({});
    (await nextCall(await listener.accept())).answer("anew");
    expect((await answer).text).toBe("anew");
  });

  test("for too many pings makes nobody ask who did not", async () => {
    const { listener, client, clock } = await given({ keepaliveMs: 0 });
    for (let times = 0; times < 2; times++) {
      const outcome = rpcFailure(client.unary({}, { timeoutMs: Number.POSITIVE_INFINITY }));
      const peer = await listener.accept();
      await nextCall(peer);
      await eventually(() => expect(clock.pending).toBe(0));
      peer.write(goaway(0, ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings"));
      expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
    }
  });

  test("for too many pings has the next asked every 5 minutes, then half as often, for this address and for good", async () => {
    const { listener, client, clock } = await given({ keepaliveMs: 1000, keepaliveTimeoutMs: 500 });
    for (const keepaliveMs of [1000, 301_000, 602_000]) {
      const outcome = rpcFailure(client.unary({}, { timeoutMs: Number.POSITIVE_INFINITY }));
      const peer = await listener.accept();
      await nextCall(peer);
      await eventually(() => expect(clock.nextMs).toBe(keepaliveMs));
      clock.advance(keepaliveMs);
      await peer.next(isPing);
      peer.write(goaway(0, ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings"));
      expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
    }
  });

  /** Calls on connections of their own, each of which the server may mind. */
  async function prober(connections: number) {
    const options = { keepaliveMs: 1000, keepaliveTimeoutMs: 500, maxConnectionsPerAddress: connections };
    const { listener, client, clock } = await given(options, limited(1));
    const probe = async () => {
      const outcome = rpcFailure(client.unary({}, { timeoutMs: Number.POSITIVE_INFINITY }));
      const peer = await listener.accept();
      await nextCall(peer);
      return async () => {
        clock.advance(200); // it has stood for long enough to be replaced at once
        peer.write(goaway(0, ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings"));
        expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
        await peer.closed;
      };
    };
    return { clock, probe };
  }

  test("for too many pings on all of several connections is one step, not as many", async () => {
    const { clock, probe } = await prober(3);
    const minded = [await probe(), await probe(), await probe()];
    for (const mind of minded) await mind();
    const mindNext = await probe();
    await eventually(() => expect(clock.nextMs).toBe(301_000));
    await mindNext();
  });

  test("for too many pings on an old connection leaves those alone that are asked less already", async () => {
    const { clock, probe } = await prober(2);
    const [mindFirst, mindOld] = [await probe(), await probe()];
    await mindFirst();
    const mindYoung = await probe();
    await mindYoung();
    await mindOld();
    const mindNext = await probe();
    await eventually(() => expect(clock.nextMs).toBe(602_000));
    await mindNext();
  });
});

describe("a server that told a client to go before it was of use", () => {
  async function unlucky() {
    const { listener, channel, client, clock } = await given();
    /** A call on the next connection, which is told to go at once. */
    const unluckyCall = async () => {
      const outcome = rpcFailure(client.unary({}));
      const peer = await listener.accept();
      await nextCall(peer);
      peer.write(goaway(0, ErrorCode.NO_ERROR));
      expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    };
    /** A call on the next connection, which is answered. */
    const answeredCall = async () => {
      const answer = client.unary({});
      const peer = await listener.accept();
      (await nextCall(peer)).answer("of use");
      expect((await answer).text).toBe("of use");
      return peer;
    };
    return { listener, channel, clock, unluckyCall, answeredCall };
  }

  test.each(["max_age", "max_idle"])("is pardoned again once it was, even if that ended for %s", async (why) => {
    const { listener, channel, unluckyCall, answeredCall } = await unlucky();
    await unluckyCall();
    const peer = await answeredCall();
    peer.write(goaway(2 ** 31 - 1, ErrorCode.NO_ERROR, why));
    await untilState(channel, why === "max_idle" ? "idle" : "broken");
    await unluckyCall();
    await eventually(() => expect(listener.peers).toHaveLength(4));
  });

  test("is waited for as at first once it was", async () => {
    const { listener, clock, unluckyCall, answeredCall } = await unlucky();
    await unluckyCall();
    for (const waitMs of [100, 200]) {
      (await listener.accept()).write(goaway(0, ErrorCode.NO_ERROR));
      await eventually(() => expect(clock.nextMs).toBe(waitMs));
      clock.advance(waitMs);
    }
    const peer = await answeredCall();
    peer.write(goaway(2 ** 31 - 1, ErrorCode.NO_ERROR, "max_age"));
    await eventually(() => expect(clock.nextMs).toBe(100));
  });

  test("is of none as long as it answers otherwise than gRPC does", async () => {
    const { listener, channel, client, clock } = await given();
    for (const waitMs of [100, 200]) {
      const outcome = rpcFailure(client.unary({}));
      const peer = await listener.accept();
      const { id } = await nextCall(peer);
      peer.write(headers(id, [[":status", "503"]], { end: true }), goaway(id, ErrorCode.NO_ERROR));
      expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
      await untilState(channel, "broken");
      await eventually(() => expect(clock.nextMs).toBe(waitMs));
    }
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    expect(listener.peers).toHaveLength(2);
  });
});

describe("a call that runs when a server minds how often it is probed", () => {
  async function minded() {
    const { listener, client } = await given();
    const running = client.unary({});
    const peer = await listener.accept();
    const call = await nextCall(peer);
    peer.write(goaway(call.id, ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings"));
    const next = await listener.accept();
    const other = client.unary({});
    (await nextCall(next)).answer("elsewhere");
    expect((await other).text).toBe("elsewhere");
    return { running, peer, call };
  }

  test("has its answer where the server gives it", async () => {
    const { running, peer, call } = await minded();
    call.answer("all the same");
    expect((await running).text).toBe("all the same");
    await peer.closed;
  });

  test("is told what the server minds where that hangs up, and may have been processed", async () => {
    const { running, peer } = await minded();
    const outcome = rpcFailure(running);
    await peer.close();
    const error = await outcome;
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: false, remote: false });
    expect(error.message).toContain("GOAWAY with code ENHANCE_YOUR_CALM (too_many_pings)");
  });
});
