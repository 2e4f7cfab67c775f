import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { OutgoingCall } from "../../../src/client/outgoing-call.js";
import { Metadata, type Method, methodsOf } from "../../../src/contract/contract.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import type { GrpcOptions } from "../../../src/transport/grpc/options.js";
import type { ChannelState, Transport } from "../../../src/transport/transport.js";
import { rpcFailure } from "../../support/collect.js";
import { EchoServiceDefinition, echo } from "../../support/echo.js";
import { eventually } from "../../support/eventually.js";
import { ManualClock } from "../../support/manual-clock.js";
import { forever } from "../../support/moment.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { untilState } from "../../support/until-state.js";

/** Somebody who accepts connections and says nothing. */
async function silence() {
  const server = createTcpServer(() => {});
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  );
  return { address: `grpc://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

/** The connection to one address: how it is made, kept up and found dead, and what it may carry. */
export function grpcConnections(make: (options?: GrpcOptions) => Transport): void {
  async function serve(address = "grpc://127.0.0.1:0", options: GrpcOptions = {}) {
    const server = createServer({ transport: make(options), address }).add(
      EchoServiceDefinition,
      echo({ put: () => forever }),
    );
    await server.start();
    onTestFinished(() => server.close({ graceMs: 0 }));
    return server;
  }

  function clientOf(target: string, options: GrpcOptions = {}) {
    const client = createClient(EchoServiceDefinition, { target, transport: make(options), retry: false });
    onTestFinished(() => client.close());
    return client;
  }

  test("one that hangs is given up after the connect timeout, and its calls may go elsewhere", async () => {
    const clock = new ManualClock();
    const { address, sockets } = await silence();
    const transport = make({ clock, connectTimeoutMs: 5000, random: () => 0.5 });
    const channel = transport.connect(address);
    const client = createClient(EchoServiceDefinition, { target: address, transport, retry: false, clock });
    const outcome = rpcFailure(client.unary({}, { timeoutMs: 60_000 }));
    await eventually(() => expect(sockets.size).toBe(1));
    expect(channel.state).toBe("connecting");
    await clock.run(5000);
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true, remote: false });
    expect(channel.state).toBe("broken");
    await client.close();
    await channel.close();
    expect(clock.pending).toBe(0);
  });

  test("waits between attempts double up to the longest, and start anew once one has carried a call", async () => {
    const clock = new ManualClock();
    const server = await serve();
    const proxy = await TcpProxy.to(server.address);
    onTestFinished(() => proxy.close());
    const transport = make({ clock, random: () => 0.5, reconnectInitialMs: 100, reconnectMaxMs: 500 });
    const target = proxy.addressFor(server.address);
    const channel = transport.connect(target);
    onTestFinished(() => channel.close());
    const client = createClient(EchoServiceDefinition, { target, transport, retry: false, clock });
    onTestFinished(() => client.close());
    channel.connect();
    await untilState(channel, "ready");
    proxy.refuse();
    await untilState(channel, "broken");
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 5; attempt++) {
      waits.push(Math.round(clock.nextMs ?? Number.NaN));
      const before = proxy.accepted;
      const next = clock.pending;
      clock.advance(clock.nextMs ?? 0);
      await eventually(() => {
        expect(proxy.accepted).toBe(before + 1);
        expect(clock.pending).toBe(next);
        expect(channel.state).toBe("broken");
      });
    }
    expect(waits).toEqual([100, 200, 400, 500, 500]);
    proxy.admit();
    channel.connect();
    await untilState(channel, "ready");
    await client.unary({});
    proxy.refuse();
    await untilState(channel, "broken");
    expect(Math.round(clock.nextMs ?? Number.NaN)).toBe(100);
  });

  test("one on which nothing comes any more is found out by its probes while calls run", async () => {
    const server = await serve();
    const proxy = await TcpProxy.to(server.address);
    onTestFinished(() => proxy.close());
    const client = clientOf(proxy.addressFor(server.address), { keepaliveMs: 50, keepaliveTimeoutMs: 1000 });
    await client.unary({});
    const outcome = rpcFailure(client.put({}, { timeoutMs: 60_000 }));
    await client.unary({});
    proxy.stall();
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: false, remote: false });
  });

  test("a server that is asked for more calls than it carries makes the others wait, and none fails", async () => {
    const server = await serve("grpc://127.0.0.1:0", { maxConcurrentStreams: 3 });
    const client = clientOf(server.address);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => client.unary({ text: `${n}` })));
    expect(answers.map(({ text }) => Number(text))).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  test("goes by unix sockets and IPv6 too", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hawser-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    for (const address of [`grpc+unix://${join(folder, "echo.sock")}`, "grpc://[::1]:0"]) {
      const server = await serve(address);
      expect(server.address).toMatch(/^grpc\+unix:\/\/\/.*echo\.sock$|^grpc:\/\/\[::1\]:[1-9]\d*$/);
      expect((await clientOf(server.address).unary({ text: "there" })).text).toBe("there");
    }
  });

  test("names are looked up", async () => {
    const server = await serve("grpc://localhost:0");
    expect(server.address).toMatch(/^grpc:\/\/localhost:\d+$/);
    expect((await clientOf(server.address).unary({ text: "there" })).text).toBe("there");
    const error = await rpcFailure(clientOf("grpc://nowhere.invalid:1").unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    expect(error.message).toContain("nowhere.invalid");
  });

  test("a message beyond the sender's own limit never leaves, and is no reason to go elsewhere", async () => {
    const server = await serve("grpc://127.0.0.1:0", { maxSendBytes: 1000 });
    const limited = clientOf(server.address, { maxSendBytes: 1000 });
    for (const outcome of [
      () => limited.unary({ payload: Buffer.alloc(2000) }),
      () => limited.clientStream([{ payload: Buffer.alloc(2000) }]),
      () => clientOf(server.address).unary({ responseBytes: 2000 }),
    ]) {
      expect(await rpcFailure(outcome())).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, unprocessed: false });
    }
    expect((await limited.unary({ text: "small" })).text).toBe("small");
  });

  test("a server that has not been reached yet is waited for no longer than the call", async () => {
    const { address } = await silence();
    const outcome = await rpcFailure(clientOf(address).unary({}, { timeoutMs: 30 }));
    expect(outcome).toMatchObject({ code: Code.DEADLINE_EXCEEDED, remote: false });
  });

  test("closing lets go of a connection that hangs", async () => {
    const { address } = await silence();
    const channel = make().connect(address);
    channel.connect();
    await untilState(channel, "connecting");
    await channel.close();
    expect(channel.state).toBe("closed");
  });

  test("who is told of its states and throws is warned of, and harms no call and no closing", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    onTestFinished(() => warned.mockRestore());
    const { address } = await serve();
    const transport = make();
    const channel = transport.connect(address);
    const fault = new Error("a listener's own");
    channel.onState(() => {
      throw fault;
    });
    const states: ChannelState[] = [];
    channel.onState((state) => states.push(state));
    const method = methodsOf(EchoServiceDefinition).find(({ name }) => name === "Unary") as Method;
    const call = new OutgoingCall(method, { text: "unharmed" }, new Metadata(), undefined, undefined);
    expect((await channel.invoke(call)).message).toMatchObject({ text: "unharmed" });
    await channel.close();
    expect(states).toEqual(["connecting", "ready", "closed"]);
    expect(warned.mock.calls).toEqual(
      states.map((state) => [
        `a listener to the state of a channel throws (${state})`,
        { type: "TransportWarning", detail: fault.stack },
      ]),
    );
  });

  test("calls in both directions may be compressed", async () => {
    const server = await serve("grpc://127.0.0.1:0", { compression: "gzip", compressMinBytes: 100 });
    const client = clientOf(server.address, { compression: "deflate", compressMinBytes: 100 });
    const text = "rope ".repeat(1000);
    for (const each of ["short", text]) expect((await client.unary({ text: each })).text).toBe(each);
    const { requests } = await client.clientStream([{ text }, { text: "short" }, { text }]);
    expect(requests).toBe(3);
    const rows: string[] = [];
    for await (const row of client.bidi([
      { text, count: 2 },
      { text: "short", count: 1 },
    ])) {
      rows.push(row.text);
    }
    expect(rows).toEqual([text, text, "short"]);
  });

  test("a server is not kept from closing by somebody who holds a connection open and says nothing", async () => {
    const server = await serve();
    const socket = connect(Number(server.address.split(":").pop()), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once("connect", resolve));
    await clientOf(server.address).unary({});
    await server.close({ graceMs: 0 });
  });

  test("an attempt that hangs after others were refused is given up too", async () => {
    const server = await serve();
    const proxy = await TcpProxy.to(server.address);
    onTestFinished(() => proxy.close());
    proxy.refuse();
    const clock = new ManualClock();
    const transport = make({ clock, connectTimeoutMs: 5000, random: () => 0.5 });
    const channel = transport.connect(proxy.addressFor(server.address));
    onTestFinished(() => channel.close());
    channel.connect();
    await untilState(channel, "broken");
    proxy.stall();
    proxy.admit();
    channel.connect();
    await eventually(() => expect(proxy.accepted).toBe(2));
    expect(clock.nextMs).toBe(5000);
    clock.advance(5000);
    await proxy.close();
    expect(channel.state).toBe("broken");
    expect(clock.nextMs).toBeLessThan(5000);
  });
}
