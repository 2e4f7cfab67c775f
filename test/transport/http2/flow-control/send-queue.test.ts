import { describe, expect, test } from "vitest";
import { SendQueue } from "../../../../src/transport/http2/flow-control/send-queue.js";
import { Sending } from "../../../../src/transport/http2/flow-control/sending.js";
import { Outbox } from "../../../../src/transport/http2/outbox.js";
import { FrameReader } from "../../../support/http2/frame-reader.js";
import { message } from "../../../support/http2/grpc.js";
import type { DataFrame } from "../../../support/http2/received.js";
import { SocketDouble } from "../outbox/socket-double.js";

const kibibyte = 1024;
const mebibyte = 1024 * 1024;

/** A peer that takes much, so that nothing but the socket and our own turns hold anything back. */
function setup({ maxFrameBytes = 16 * mebibyte - 1, window = 100 * mebibyte } = {}) {
  const double = new SocketDouble();
  const outbox = new Outbox(double.socket);
  const sending = new Sending(outbox);
  outbox.source = sending;
  Object.assign(sending, { maxFrameBytes, window, streamWindow: window });
  const writable: number[] = [];
  const queue = (id: number): SendQueue =>
    new SendQueue(
      { id, closed: false, sendHeaders: () => {}, sent: () => {}, onWritable: () => writable.push(id) },
      outbox,
      sending,
    );
  /** Whoever still has something to send is let on, until nobody has. @returns what the peer got */
  const frames = (): DataFrame[] => {
    for (let flushes = 0; flushes < 1000; flushes++) {
      outbox.flush();
      double.take();
      if (!sending.pending) break;
    }
    return [...new FrameReader().read(double.taken)] as DataFrame[];
  };
  return { double, outbox, sending, queue, writable, frames };
}

const say = (queue: SendQueue, bytes: Uint8Array, endStream = false): void =>
  queue.message(false, bytes, bytes.length, false, endStream);

const joined = (frames: readonly DataFrame[], id: number): Buffer =>
  Buffer.concat(frames.filter((frame) => frame.id === id).map(({ payload }) => payload));

describe("frames that grow", () => {
  test("hold the messages that follow each other on one stream, and its end", () => {
    const { queue, frames } = setup();
    const one = queue(1);
    say(one, Buffer.from("a"));
    say(one, Buffer.from("b"));
    say(one, Buffer.from("c"), true);
    const [frame, ...others] = frames();
    expect(others).toEqual([]);
    expect(frame?.payload).toEqual(Buffer.concat([message("a"), message("b"), message("c")]));
    expect(frame?.endStream).toBe(true);
  });

  test("grow no more once another stream has spoken, or the socket was written", () => {
    const { outbox, queue, frames } = setup();
    const [one, other] = [queue(1), queue(3)];
    say(one, Buffer.from("a"));
    say(other, Buffer.from("b"));
    say(one, Buffer.from("c"));
    outbox.flush();
    say(one, Buffer.from("d"));
    expect(frames().map(({ id, payload }) => [id, payload])).toEqual([
      [1, message("a")],
      [3, message("b")],
      [1, message("c")],
      [1, message("d")],
    ]);
  });

  test.each([
    [16_384, 16_384],
    [16 * mebibyte - 1, 64 * kibibyte],
  ])("of a peer that takes %i bytes do not grow beyond %i", (maxFrameBytes, most) => {
    const { queue, frames } = setup({ maxFrameBytes });
    const one = queue(1);
    const bytes = Buffer.alloc(1000, "x");
    for (let messages = 0; messages < 150; messages++) say(one, bytes);
    const sent = frames();
    expect(Math.max(...sent.map(({ payload }) => payload.length))).toBeLessThanOrEqual(most);
    expect(sent.length).toBeLessThan(150 / 10);
    expect(joined(sent, 1).equals(Buffer.concat(Array.from({ length: 150 }, () => message(bytes))))).toBe(true);
  });
});

describe("turns", () => {
  test("are 64 KiB, however long the frames are that the peer takes", () => {
    const { queue, frames } = setup();
    say(queue(1), Buffer.alloc(3 * mebibyte, 1));
    const sent = frames();
    expect(Math.max(...sent.map(({ payload }) => payload.length))).toBe(64 * kibibyte);
    expect(joined(sent, 1).equals(message(Buffer.alloc(3 * mebibyte, 1)))).toBe(true);
  });

  test("go round: a small message waits for one frame of each large one before it", () => {
    const { queue, frames } = setup();
    say(queue(1), Buffer.alloc(mebibyte));
    say(queue(3), Buffer.alloc(mebibyte));
    say(queue(5), Buffer.from("small"));
    const ids = frames().map(({ id }) => id);
    expect(ids.slice(0, 7)).toEqual([1, 3, 5, 1, 3, 1, 3]);
    expect(ids.filter((id) => id === 1)).toHaveLength(17); // with the prefix of the message: a little more than 16
    expect(ids.filter((id) => id === 3)).toHaveLength(17);
  });

  test("end where the socket has enough: the rest stays with its stream", () => {
    const { double, outbox, sending, queue, writable } = setup();
    double.prompt = false;
    const one = queue(1);
    say(one, Buffer.alloc(4 * mebibyte));
    for (let flushes = 0; flushes < 10; flushes++) outbox.flush();
    expect(outbox.unsentBytes).toBeLessThan(640 * kibibyte);
    expect(one.bytes + outbox.unsentBytes).toBeGreaterThan(4 * mebibyte);
    expect(sending.pending).toBe(false);
    expect(writable).toEqual([]);
    double.take();
    expect(sending.pending).toBe(true);
  });

  test("end where a window does, and go on to the byte where it opens", () => {
    const { sending, queue, frames } = setup({ window: 100_000 });
    const [one, other] = [queue(1), queue(3)];
    say(one, Buffer.alloc(200_000));
    say(other, Buffer.alloc(200_000));
    const sum = (): number => frames().reduce((total, { payload }) => total + payload.length, 0);
    expect(sum()).toBe(100_000);
    sending.grow(1);
    expect(sum()).toBe(100_001);
    expect(one.window + other.window).toBe(200_000 - 100_001);
  });

  test("let a writer on once less than 64 KiB are left to it", () => {
    const { queue, frames, writable } = setup();
    const one = queue(1);
    say(one, Buffer.alloc(300 * kibibyte));
    expect(one.full).toBe(true);
    frames();
    expect(one.full).toBe(false);
    expect(writable).toEqual([1]);
  });

  test("are not taken by who has left the line", () => {
    const { sending, queue, frames } = setup();
    const [one, other] = [queue(1), queue(3)];
    say(one, Buffer.alloc(mebibyte));
    say(other, Buffer.alloc(100_000));
    one.drop();
    sending.forget(one);
    expect(new Set(frames().map(({ id }) => id))).toEqual(new Set([3]));
  });
});
