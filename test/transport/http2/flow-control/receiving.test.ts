import { describe, expect, test } from "vitest";
import { Receiving, type ReceivingStream } from "../../../../src/transport/http2/flow-control/receiving.js";
import { Outbox } from "../../../../src/transport/http2/outbox.js";
import { FrameReader } from "../../../support/http2/frame-reader.js";
import type { WindowUpdateFrame } from "../../../support/http2/received.js";
import { SocketDouble } from "../outbox/socket-double.js";

const mebibyte = 1024 * 1024;

/** Streams hold so much before the connection waits for them; its window is twice that of a stream. */
const maxUnreadBytes = 16 * mebibyte;

function setup() {
  const double = new SocketDouble();
  const outbox = new Outbox(double.socket);
  const receiving = new Receiving(outbox, mebibyte);
  receiving.open();
  let read = 0;
  /** What the peer has been told since this was asked last, of one stream or, as 0, of the connection. */
  const told = (id: number): number => {
    outbox.flush();
    const fresh = double.taken.subarray(read);
    read += fresh.length;
    const frames = [...new FrameReader().read(fresh)] as WindowUpdateFrame[];
    return frames.filter((frame) => frame.id === id).reduce((sum, { increment }) => sum + increment, 0);
  };
  const open = (id: number) => ({
    id,
    remoteEnded: false,
    receiveWindow: 100 * mebibyte,
    unreadBytes: 0,
    creditedBytes: 0,
  });
  const receive = (stream: ReceivingStream, bytes: number): void => {
    receiving.received(bytes);
    receiving.receivedOn(stream, bytes);
  };
  told(0);
  return { receiving, told, open, receive };
}

/** Stopped where the connection's window is nearly used up. @returns how much was sent */
function sendAll({ told, receive }: ReturnType<typeof setup>, stream: ReceivingStream): number {
  const piece = 64 * 1024;
  let [sent, window] = [0, 2 * mebibyte];
  for (; window >= piece && sent < 64 * mebibyte; sent += piece) {
    receive(stream, piece);
    window += told(0) - piece;
  }
  return sent;
}

describe("the window of a connection", () => {
  test("is given back as data come, whoever reads them", () => {
    const { told, open, receive } = setup();
    const [one, other] = [open(1), open(3)];
    receive(one, mebibyte / 4);
    expect(told(0)).toBe(0); // less than a quarter of it
    receive(other, mebibyte / 4);
    expect(told(0)).toBe(mebibyte / 2);
  });

  test("is withheld once streams hold 16 MiB, and given back at once when they are read", () => {
    const all = setup();
    const stream = all.open(1);
    const sent = sendAll(all, stream);
    expect(sent).toBeGreaterThan(maxUnreadBytes);
    expect(sent).toBeLessThanOrEqual(maxUnreadBytes + 2 * mebibyte);
    all.receiving.credit(stream, sent - maxUnreadBytes - 1);
    expect(all.told(0)).toBe(0);
    all.receiving.credit(stream, 1);
    expect(all.told(0)).toBeGreaterThan(mebibyte);
    expect(sendAll(all, stream)).toBeGreaterThan(0);
  });

  test("is withheld for a stream that has ended well, too, until what it holds was read", () => {
    const all = setup();
    const stream = all.open(1);
    const sent = sendAll(all, stream);
    stream.remoteEnded = true;
    all.receiving.forget(stream);
    expect(all.told(0)).toBe(0);
    expect(stream.unreadBytes).toBe(sent);
    all.receiving.credit(stream, sent);
    expect(all.told(0)).toBeGreaterThan(mebibyte);
    expect(all.receiving.readBytes).toBe(sent);
  });

  test("is given back for a stream that broke off, once, whatever is credited later", () => {
    const all = setup();
    const stream = all.open(1);
    const sent = sendAll(all, stream);
    all.receiving.forget(stream);
    expect(all.told(0)).toBeGreaterThan(mebibyte);
    all.receiving.credit(stream, sent);
    expect(all.told(0)).toBe(0);
    expect(all.receiving.readBytes).toBe(sent);
  });

  test("cannot be overrun", () => {
    const { receiving } = setup();
    expect(() => receiving.received(2 * mebibyte)).not.toThrow();
    expect(() => receiving.received(2 * mebibyte + 1)).toThrow("more data than the window of the connection allows");
  });
});

describe("the window of a stream", () => {
  test("is given back as it is read, a quarter at a time", () => {
    const { receiving, told, open, receive } = setup();
    const stream = open(1);
    receive(stream, mebibyte / 2);
    expect(told(1)).toBe(0);
    receiving.credit(stream, mebibyte / 4 - 1);
    expect(told(1)).toBe(0);
    receiving.credit(stream, 1);
    expect(told(1)).toBe(mebibyte / 4);
    expect(stream.unreadBytes).toBe(mebibyte / 4);
  });

  test("is not given back where the peer has said all", () => {
    const { receiving, told, open, receive } = setup();
    const stream = open(1);
    receive(stream, mebibyte / 2);
    stream.remoteEnded = true;
    receiving.credit(stream, mebibyte / 2);
    expect(told(1)).toBe(0);
  });

  test("grows by as much as others do, on the streams there are, and the connection's by twice that", () => {
    const { receiving, told, open } = setup();
    const stream = open(1);
    const before = stream.receiveWindow;
    receiving.grow(3 * mebibyte, [stream]);
    expect(stream.receiveWindow - before).toBe(2 * mebibyte);
    expect(told(0)).toBe(4 * mebibyte);
    expect(receiving.streamWindow).toBe(3 * mebibyte);
  });
});
