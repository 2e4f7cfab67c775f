import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ClientConnection } from "../../../../src/transport/http2/connection/client-connection.js";
import { ServerConnection } from "../../../../src/transport/http2/connection/server-connection.js";
import { connectionOptions, resolveOptions } from "../../../../src/transport/http2/options.js";
import type { Stream, StreamHandler } from "../../../../src/transport/http2/stream/stream.js";
import { ErrorCode } from "../../../support/http2/constants.js";
import { data, headers, settings } from "../../../support/http2/frames.js";
import { answerTo, echoRequest, requestFields } from "../../../support/http2/grpc.js";
import { RawListener } from "../../../support/http2/raw-listener.js";
import { RawPeer, type RawPeerOptions } from "../../../support/http2/raw-peer.js";
import { isGoaway } from "../../../support/http2/received.js";
import { ManualClock } from "../../../support/manual-clock.js";
import { Moment } from "../../../support/moment.js";

/** A connection with one call, which has yet to be answered. */
async function serving(onData: StreamHandler["onData"] = () => {}, options: RawPeerOptions = {}) {
  const clock = new ManualClock();
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const accepted = new Moment<Socket>();
  server.on("connection", accepted.now);
  const came = new Moment<Stream>();
  const closed = new Moment();
  const told: string[] = [];
  const address = `grpc://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const peer = await RawPeer.connect(address, { greeting: [settings()], ...options });
  onTestFinished(() => peer.close());
  const socket = await accepted.promise;
  const connection = new ServerConnection(socket, connectionOptions(resolveOptions({ clock })), {
    onStream(stream) {
      came.now(stream);
      return { onHeaders() {}, onData, onEnd() {}, onClosed: () => stream.release(), onWritable() {} };
    },
    onFault: (fault) => told.push(`fault: ${fault}`),
    onIdle: () => told.push("idle"),
    onClosed() {
      told.push("closed");
      closed.now();
    },
  });
  const id = peer.nextId();
  peer.write(headers(id, requestFields("ClientStream")));
  const stream = await came.promise;
  return { clock, socket, told, closed: closed.promise, peer, id, stream, connection };
}

/** A connection of which nothing is left but its call. */
async function drained(onData?: StreamHandler["onData"]) {
  const serves = await serving(onData);
  serves.connection.drain();
  await serves.peer.next(isGoaway);
  await serves.peer.next(isGoaway);
  return serves;
}

/** Makes it a socket whose peer reads nothing, however much the system would take. @returns what ends that */
function stuff(socket: Socket): () => void {
  const taken: (() => void)[] = [];
  const write = socket._write.bind(socket);
  Object.assign(socket, {
    _writev: undefined,
    _write: (...chunk: Parameters<typeof write>) => void taken.push(() => write(...chunk)),
  });
  return () => {
    Object.assign(socket, { _write: write });
    for (const take of taken) take();
  };
}

function answer(stream: Stream, bytes: number): void {
  const nothing = stream.connection.template("nothing", () => []);
  stream.sendHeaders(nothing, [":status", "200"], false);
  stream.sendMessage(false, Buffer.alloc(bytes), bytes, false, false);
  stream.sendTrailers(nothing, ["grpc-status", "0"]);
}

test("a connection that drains waits for a client that is slow to read the last answer", async () => {
  const { clock, socket, closed, peer, id, stream } = await drained();
  const free = stuff(socket);
  answer(stream, 50_000);
  await closed;
  clock.advance(3_600_000);
  free();
  const { status, body } = await answerTo(peer, id);
  expect({ status, bytes: body.length }).toEqual({ status: 0, bytes: 50_005 });
});

test("a connection that has drained is hung up on where the client does not: in time, and once", async () => {
  const { clock, socket, told, closed, peer, stream } = await drained();
  peer.socket.allowHalfOpen = true;
  const finished = once(socket, "finish");
  answer(stream, 10);
  await closed;
  await finished;
  expect(socket.destroyed).toBe(false);
  expect(clock.pending).toBe(1);
  clock.advance(30_000);
  expect(socket.destroyed).toBe(true);
  expect(told).toEqual(["closed"]);
  await peer.close();
});

test("a connection that ends amid a drain leaves no timer behind", async () => {
  const { clock, connection, closed, peer } = await serving(undefined, { answers: false });
  connection.drain();
  await peer.next(isGoaway);
  expect(clock.pending).toBeGreaterThan(0);
  connection.destroy("the server closed");
  await closed;
  expect(clock.pending).toBe(0);
});

test.each<[what: string, thrown: unknown, told: string]>([
  ["an error", new Error("the inner text"), "fault: Error: the inner text"],
  ["anything else", "a word", "fault: a word"],
])(
  "a fault of ours that throws %s is told to this side; the peer learns that there was one",
  async (_what, thrown, fault) => {
    const { told, closed, peer, id } = await drained(() => {
      throw thrown;
    });
    peer.write(data(id, echoRequest()));
    expect(await peer.next(isGoaway)).toMatchObject({ code: ErrorCode.INTERNAL_ERROR, text: "internal error" });
    await closed;
    expect(told).toEqual(["closed", fault]);
  },
);

test("a client that has done with a server that reads nothing any more waits for it half a minute", async () => {
  const clock = new ManualClock();
  const listener = await RawListener.start();
  onTestFinished(() => listener.close());
  const socket = connect(Number(new URL(listener.address).port), "127.0.0.1");
  const ready = new Moment();
  const events = { onReady: ready.now, onRoom() {}, onLeaving() {}, onClosed() {} };
  const connection = new ClientConnection(socket, connectionOptions(resolveOptions({ clock })), events);
  await ready.promise;
  stuff(socket);
  const stream = connection.request({ onHeaders() {}, onData() {}, onEnd() {}, onClosed() {}, onWritable() {} });
  stream.sendHeaders(
    connection.template("nothing", () => []),
    [":path", "/"],
    false,
  );
  stream.reset(ErrorCode.CANCEL);
  connection.drain();
  await clock.run(29_999);
  expect(socket.destroyed).toBe(false);
  await clock.run(1);
  expect(socket.destroyed).toBe(true);
});
