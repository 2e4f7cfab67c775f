import { execFile } from "node:child_process";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { grpcConnections } from "../../conformance/grpc/connections.js";
import { rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { eventually } from "../../support/eventually.js";
import { ErrorCode, Setting } from "../../support/http2/constants.js";
import { goaway, settings, settingsAck } from "../../support/http2/frames.js";
import { given, limited, nextCall } from "../../support/http2/scripted-server.js";
import { untilState } from "../../support/until-state.js";

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
    await eventually(() => expect(clock.pending).toBe(0));
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
