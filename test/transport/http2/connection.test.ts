import { execFile } from "node:child_process";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { type Http2TransportOptions, http2Transport } from "../../../src/transport/http2/http2.js";
import type { ChannelState } from "../../../src/transport/transport.js";
import { grpcConnections } from "../../conformance/grpc/connections.js";
import { rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { ErrorCode, Setting } from "../../support/http2/constants.js";
import { goaway, settings, settingsAck } from "../../support/http2/frames.js";
import { wholeAnswer } from "../../support/http2/grpc.js";
import { RawListener } from "../../support/http2/raw-listener.js";
import type { RawPeer, RawPeerOptions } from "../../support/http2/raw-peer.js";
import { isHeaders, isPing } from "../../support/http2/received.js";
import { ManualClock } from "../../support/manual-clock.js";
import { untilState } from "../../support/until-state.js";

/** A server that says what it is told to, a client of it and a channel beside. */
async function given(options: Http2TransportOptions = {}, server: RawPeerOptions = {}) {
  const listener = await RawListener.start(server);
  onTestFinished(() => listener.close());
  const clock = new ManualClock();
  const transport = http2Transport({ clock, random: () => 0.5, ...options });
  const channel = transport.connect(listener.address);
  const states: ChannelState[] = [];
  channel.onState((state) => states.push(state));
  const client = createClient(EchoServiceDefinition, { target: listener.address, transport, retry: false, clock });
  onTestFinished(async () => {
    await client.close();
    await channel.close();
  });
  return { listener, transport, channel, states, client, clock };
}

/** The next call a server sees. */
async function nextCall(peer: RawPeer): Promise<{ id: number; answer: (text: string) => void }> {
  const { id } = await peer.next(isHeaders());
  return { id, answer: (text) => void peer.write(wholeAnswer(id, { text })) };
}

const limited = (calls: number): RawPeerOptions => ({
  greeting: [settings([[Setting.MAX_CONCURRENT_STREAMS, calls]])],
});

describe("an http2 connection", () => {
  grpcConnections(http2Transport);

  test("is given up where the server takes it and never says SETTINGS", async () => {
    const { listener, client, clock } = await given({ connectTimeoutMs: 5000 }, { greeting: [] });
    const outcome = rpcFailure(client.unary({}, { timeoutMs: 60_000 }));
    const peer = await listener.accept();
    clock.advance(5000);
    const error = await outcome;
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect(error.message).toContain(`Unary at ${listener.address}: no connection within 5000 ms`);
    await peer.closed;
  });

  test("that never comes to be has a reason, and calls in the wait before the next attempt have it at once", async () => {
    const { listener, client, channel, states, clock } = await given();
    await listener.close();
    const errors = [await rpcFailure(client.unary({})), await rpcFailure(client.unary({}))];
    for (const error of errors) {
      expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
      expect(error.message).toMatch(
        /^hawser\.test\.v1\.EchoService\/Unary at grpc:.*: connect ECONNREFUSED 127\.0\.0\.1/,
      );
    }
    expect(states).toEqual(["connecting", "broken"]);
    await channel.close();
    await client.close();
    expect(clock.pending).toBe(0);
  });

  test("that a server takes only to say GOAWAY is none", async () => {
    const greeting = [settings(), goaway(0, ErrorCode.NO_ERROR, "not today")];
    const { channel, client } = await given({}, { greeting });
    channel.connect();
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    await untilState(channel, "broken");
  });

  test("that is told to go before it was of any use is an attempt that failed, and the next waits the longer", async () => {
    const greeting = [settings([[Setting.MAX_CONCURRENT_STREAMS, 0]]), goaway(0, ErrorCode.NO_ERROR)];
    const { listener, channel, client, clock } = await given({}, { greeting });
    const error = await rpcFailure(client.unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect(error.message).toContain("GOAWAY with code NO_ERROR");
    for (const waitMs of [100, 200, 400]) {
      await untilState(channel, "broken");
      expect(clock.nextMs).toBe(waitMs);
      clock.advance(waitMs);
      await untilState(channel, "ready");
    }
    expect(listener.peers).toHaveLength(4);
  });

  test("whose server tells everybody to go at once is not dialled again and again, however many calls there are", async () => {
    const { listener, client, channel, clock } = await given(
      {},
      { greeting: [settings(), goaway(0, ErrorCode.NO_ERROR)] },
    );
    const callOnAndOn = async (): Promise<void> => {
      for (let call = 0; call < 50; call++) {
        expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
      }
    };
    await callOnAndOn();
    expect(listener.peers, "the first, and another at once").toHaveLength(2);
    for (const [attempt, waitMs] of [100, 200, 400].entries()) {
      await untilState(channel, "broken");
      expect(clock.nextMs).toBe(waitMs);
      clock.advance(waitMs - 1);
      await callOnAndOn();
      expect(listener.peers).toHaveLength(2 + attempt);
      clock.advance(1);
      await callOnAndOn();
      expect(listener.peers).toHaveLength(3 + attempt);
    }
  });

  test("that answered a call is followed by another at once, however soon it is told to go", async () => {
    const { listener, client } = await given();
    for (let times = 0; times < 5; times++) {
      const answer = client.unary({});
      const peer = await listener.accept();
      const call = await nextCall(peer);
      call.answer("well");
      expect((await answer).text).toBe("well");
      peer.write(goaway(call.id, ErrorCode.NO_ERROR));
      await peer.closed;
    }
  });

  test("that stood for longer than the wait is followed by another at once where calls wait", async () => {
    const { listener, channel, client, clock } = await given({ reconnectInitialMs: 100 }, limited(0));
    const answer = client.unary({}, { timeoutMs: 60_000 });
    const peer = await listener.accept();
    await untilState(channel, "ready");
    clock.advance(101);
    peer.write(goaway(0, ErrorCode.NO_ERROR));
    const next = await listener.accept();
    next.write(settings([[Setting.MAX_CONCURRENT_STREAMS, 1]]));
    (await nextCall(next)).answer("elsewhere");
    expect((await answer).text).toBe("elsewhere");
  });

  test("to somebody who speaks no HTTP/2 fails, and says so", async () => {
    const server = createTcpServer((socket) => void socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const address = `grpc://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = createClient(EchoServiceDefinition, {
      target: address,
      transport: http2Transport(),
      retry: false,
    });
    onTestFinished(() => client.close());
    const error = await rpcFailure(client.unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect(error.message).toContain(address);
  });

  test("that is waited for serves its calls in the order in which they came", async () => {
    const { listener, client } = await given({}, { greeting: [], answers: false });
    const answers = ["a", "b", "c"].map((text) => client.unary({ text }));
    const peer = await listener.accept();
    peer.write(settings(), settingsAck);
    for (const id of [1, 3, 5]) {
      const call = await nextCall(peer);
      expect(call.id).toBe(id);
      call.answer(`${id}`);
    }
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(["1", "3", "5"]);
    expect(listener.peers).toHaveLength(1);
  });

  test("on which nothing runs does not keep a process alive, and one on which something runs does", async () => {
    const transport = http2Transport();
    const server = createServer({ transport, address: "grpc://127.0.0.1:0" });
    server.add(EchoServiceDefinition, echo());
    await server.start();
    onTestFinished(() => server.close({ graceMs: 0 }));
    const program = fileURLToPath(new URL("../../support/http2/call-and-forget.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", program, server.address]);
    expect(stdout).toBe("answered\n");
  });

  test("on which nothing runs is left when the channel closes, and nothing is waited for any more", async () => {
    const { listener, client, channel, states, clock } = await given();
    channel.connect();
    const peer = await listener.accept();
    await untilState(channel, "ready");
    await client.close();
    await channel.close();
    await peer.closed;
    await vi.waitFor(() => expect(clock.pending).toBe(0));
    expect(states).toEqual(["connecting", "ready", "closed"]);
  });

  test("that is not there yet is given up when the channel closes, and nothing is waited for any more", async () => {
    const { listener, client, channel, states, clock } = await given({}, { greeting: [] });
    channel.connect();
    const peer = await listener.accept();
    await client.close();
    await channel.close();
    await peer.closed;
    expect(clock.pending).toBe(0);
    expect(states).toEqual(["connecting", "closed"]);
  });
});

describe("calls beyond what a server takes at once", () => {
  test("wait, first come, first served", async () => {
    const { listener, client } = await given({}, limited(2));
    const texts = ["a", "b", "c", "d", "e"];
    const order: string[] = [];
    const answers = texts.map((text) => client.unary({ text }).then((answer) => order.push(answer.text)));
    const peer = await listener.accept();
    for (const text of texts) (await nextCall(peer)).answer(text);
    await Promise.all(answers);
    expect(order).toEqual(texts);
    expect(listener.peers).toHaveLength(1);
  });

  test("are nobody's once their deadline has passed or their caller has left", async () => {
    const { listener, client, clock } = await given({}, limited(1));
    const running = client.unary({ text: "first" });
    const peer = await listener.accept();
    const first = await nextCall(peer);
    const late = rpcFailure(client.unary({}, { timeoutMs: 1000 }));
    const controller = new AbortController();
    const left = rpcFailure(client.unary({}, { signal: controller.signal }));
    const patient = client.unary({ text: "last" });
    clock.advance(1000);
    controller.abort();
    expect(await late).toMatchObject({ code: Code.DEADLINE_EXCEEDED, remote: false });
    expect(await left).toMatchObject({ code: Code.CANCELLED, remote: false });
    first.answer("first");
    await running;
    const second = await nextCall(peer);
    expect(second.id).toBe(3);
    second.answer("last");
    expect((await patient).text).toBe("last");
  });

  test("are let in when the server takes more", async () => {
    const { listener, client } = await given({}, limited(0));
    const answer = client.unary({});
    const peer = await listener.accept();
    peer.write(settings([[Setting.MAX_CONCURRENT_STREAMS, 1]]));
    (await nextCall(peer)).answer("let in");
    expect((await answer).text).toBe("let in");
  });

  test("have further connections opened for them, as many as allowed and no more than it takes", async () => {
    const { listener, client } = await given({ maxConnectionsPerAddress: 3 }, limited(2));
    const answers = Array.from({ length: 7 }, (_, n) => client.unary({ text: `${n}` }));
    const peers = [await listener.accept(), await listener.accept(), await listener.accept()];
    const calls = (await Promise.all(peers.map(async (peer) => [await nextCall(peer), await nextCall(peer)]))).flat();
    expect(calls).toHaveLength(6);
    calls.shift()?.answer("one");
    const [first] = peers as [RawPeer, ...RawPeer[]];
    calls.push(await nextCall(first));
    for (const call of calls) call.answer("another");
    await Promise.all(answers);
    expect(listener.peers).toHaveLength(3);
  });

  test("wait on for those that stand where a further connection cannot be had", async () => {
    const transport = http2Transport({ maxConnections: 1, maxConcurrentStreams: 1, maxConnectionsPerAddress: 2 });
    const server = createServer({ transport, address: "grpc://127.0.0.1:0" }).add(EchoServiceDefinition, echo());
    await server.start();
    onTestFinished(() => server.close({ graceMs: 0 }));
    const client = createClient(EchoServiceDefinition, { target: server.address, transport, retry: false });
    onTestFinished(() => client.close());
    await Promise.all(Array.from({ length: 50 }, () => client.unary({})));
  });
});

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

  test("for want of calls leaves the channel idle until there is one", async () => {
    const { listener, client, channel, states, clock } = await given();
    channel.connect();
    const old = await listener.accept();
    await untilState(channel, "ready");
    old.write(goaway(2 ** 31 - 1, ErrorCode.NO_ERROR, "max_idle"));
    await old.closed;
    expect(states).toEqual(["connecting", "ready", "idle"]);
    await vi.waitFor(() => expect(clock.pending).toBe(0));
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
      await vi.waitFor(() => expect(clock.pending).toBe(0));
      peer.write(goaway(0, ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings"));
      expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
    }
  });

  test("for too many pings has the next asked every 5 minutes, then half as often, for this address and for good", async () => {
    const { listener, client, clock } = await given({ keepaliveMs: 1000, keepaliveTimeoutMs: 500 });
    for (const keepaliveMs of [1000, 300_000, 600_000]) {
      const outcome = rpcFailure(client.unary({}, { timeoutMs: Number.POSITIVE_INFINITY }));
      const peer = await listener.accept();
      await nextCall(peer);
      await vi.waitFor(() => expect(clock.nextMs).toBe(keepaliveMs));
      clock.advance(keepaliveMs);
      await peer.next(isPing);
      peer.write(goaway(0, ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings"));
      expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
    }
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

test("happy eyeballs: a name leads to whichever of its addresses is served", async () => {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write(Buffer.concat([settings(), settingsAck]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const channel = http2Transport().connect(`grpc://localhost:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => channel.close());
  channel.connect();
  await untilState(channel, "ready");
});
