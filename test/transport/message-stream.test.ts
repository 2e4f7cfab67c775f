import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code, RpcError } from "../../src/errors/errors.js";
import { MessageStream } from "../../src/transport/message-stream.js";
import { collect, failure } from "../support/collect.js";

describe("a message stream", () => {
  test("gives what was pushed, in order, then its end", async () => {
    const stream = new MessageStream();
    stream.push(1);
    stream.push(2);
    stream.end();
    expect(await collect(stream)).toEqual([1, 2]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("a reader may wait before there is anything", async () => {
    const stream = new MessageStream();
    const first = stream.next();
    const second = stream.next();
    expect(stream.push("a")).toBeUndefined();
    expect(stream.push("b")).toBeUndefined();
    expect([await first, await second]).toEqual([
      { done: false, value: "a" },
      { done: false, value: "b" },
    ]);
  });

  test("an error comes after what was pushed before it, and to every reader that waits", async () => {
    const error = new RpcError(Code.ABORTED, "torn");
    const stream = new MessageStream();
    stream.push(1);
    stream.end(error);
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    expect(await failure(stream.next())).toBe(error);

    const awaited = new MessageStream();
    const readers = [failure(awaited.next()), failure(awaited.next())];
    awaited.end(error);
    expect(await Promise.all(readers)).toEqual([error, error]);
  });

  test("a writer waits once as many wait as there is room for, until one is read", async () => {
    const stream = new MessageStream({ capacity: 2 });
    expect(stream.push(1)).toBeUndefined();
    expect(stream.full).toBe(false);
    const waiting = stream.push(2);
    expect(stream.full).toBe(true);
    let resumed = false;
    const resuming = waiting?.then(() => {
      resumed = true;
    });
    await Promise.resolve();
    expect(resumed).toBe(false);
    await stream.next();
    await resuming;
    expect(stream.full).toBe(false);
  });

  test("a writer that waits is let go when the stream ends or is left", async () => {
    const ended = new MessageStream({ capacity: 1 });
    const first = ended.push(1);
    ended.end();
    await first;
    const left = new MessageStream({ capacity: 1 });
    const second = left.push(1);
    await left.return();
    await second;
  });

  test("it asks for more whenever there is room and somebody reads", async () => {
    let asked = 0;
    const stream = new MessageStream({ onRoom: () => asked++ });
    void stream.next();
    expect(asked).toBe(1);
    stream.push(1);
    stream.push(2);
    await stream.next();
    expect(asked).toBe(2);
    stream.push(3);
    stream.end();
    await stream.next();
    expect(asked).toBe(2);
  });

  test("of many that wait half are read before it asks for more, and then for several", async () => {
    let asked = 0;
    const stream = new MessageStream({ capacity: 4, onRoom: () => asked++ });
    for (const message of [1, 2, 3, 4]) stream.push(message);
    await stream.next();
    expect(asked).toBe(0);
    await stream.next();
    expect(asked).toBe(1);
  });

  test("who reads what is all there gives way to everything else, and loses nothing", async () => {
    const total = 3000;
    const stream = new MessageStream({ capacity: total });
    for (let n = 0; n < total; n++) void stream.push(n);
    stream.end();
    let seen = 0;
    const turn = new Promise<number>((resolve) => setImmediate(() => resolve(seen)));
    for await (const message of stream) expect(message).toBe(seen++);
    expect(seen).toBe(total);
    expect(await turn).toBeLessThan(total);
  });

  test("a failure is there for whoever asks, turn or none", async () => {
    const error = new RpcError(Code.ABORTED, "torn");
    for (const before of [998, 999, 1000]) {
      const stream = new MessageStream({ capacity: 2000 });
      for (let n = 0; n < before; n++) void stream.push(n);
      stream.end(error);
      for (let n = 0; n < before; n++) await stream.next();
      expect(await failure(stream.next())).toBe(error);
    }
  });

  test("who leaves early is noticed once, and finds it over", async () => {
    let left = 0;
    const stream = new MessageStream({ onReturn: () => left++ });
    stream.push(1);
    for await (const _ of stream) break;
    await stream.return();
    expect(left).toBe(1);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(stream.push(2)).toBeUndefined();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("who has read to the end has not left early", async () => {
    let left = 0;
    const stream = new MessageStream({ onReturn: () => left++ });
    stream.push(1);
    stream.end();
    await collect(stream);
    await stream.return();
    expect(left).toBe(0);
  });

  test("whatever the interleaving, what is read is what was pushed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean()), fc.integer({ min: 1, max: 4 }), async (steps, capacity) => {
        const stream = new MessageStream({ capacity });
        const reads: Promise<IteratorResult<unknown>>[] = [];
        let pushed = 0;
        for (const push of steps) {
          if (push) void stream.push(pushed++);
          else reads.push(stream.next());
        }
        stream.end();
        const seen = (await Promise.all(reads)).filter(({ done }) => done !== true).map(({ value }) => value);
        expect([...seen, ...(await collect(stream))]).toEqual(Array.from({ length: pushed }, (_, n) => n));
      }),
    );
  });
});

describe("a message stream that is observed", () => {
  function observed(stream: MessageStream): unknown[] {
    const told: unknown[] = [];
    stream.observedBy({
      message: () => told.push("message"),
      complete: () => told.push("complete"),
      fail: (error) => told.push(error),
      stop: () => told.push("stop"),
    });
    return told;
  }

  test("tells of messages as they are read, and of the end when the reader comes to it", async () => {
    const stream = new MessageStream();
    const told = observed(stream);
    const first = stream.next();
    expect(told).toEqual([]);
    stream.push(1);
    expect(told).toEqual(["message"]);
    stream.push(2);
    stream.end();
    expect(told).toEqual(["message"]);
    await first;
    await stream.next();
    expect(told).toEqual(["message", "message"]);
    await stream.next();
    await stream.next();
    expect(told).toEqual(["message", "message", "complete"]);
  });

  test("tells of the end at once where a reader waits for it, before he sees it", async () => {
    const stream = new MessageStream();
    const told = observed(stream);
    const seen = Promise.all([stream.next(), stream.next()].map((next) => next.then(() => [...told])));
    stream.end();
    expect(told).toEqual(["complete"]);
    expect(await seen).toEqual([["complete"], ["complete"]]);
  });

  test("tells of the error once, when it is read", async () => {
    const error = new RpcError(Code.ABORTED, "torn");
    const stream = new MessageStream();
    const told = observed(stream);
    stream.push(1);
    stream.end(error);
    await stream.next();
    expect(told).toEqual(["message"]);
    await failure(stream.next());
    await failure(stream.next());
    await stream.return();
    expect(told).toEqual(["message", error]);
  });

  test.each([
    ["while it goes on", () => {}],
    ["after its end, unread", (stream: MessageStream) => stream.end()],
    ["after its failure, unread", (stream: MessageStream) => stream.end(new RpcError(Code.ABORTED, "torn"))],
  ])("tells that the reader broke off, and nothing else: %s", async (_when, before) => {
    const stream = new MessageStream();
    const told = observed(stream);
    stream.push(1);
    before(stream);
    await stream.return();
    await stream.next().catch(() => {});
    expect(told).toEqual(["stop"]);
  });

  test("tells all who observe it, the first first", async () => {
    const stream = new MessageStream();
    const order: string[] = [];
    for (const name of ["inner", "outer"]) {
      stream.observedBy({ message() {}, complete: () => order.push(name), fail() {}, stop() {} });
    }
    stream.end();
    await stream.next();
    expect(order).toEqual(["inner", "outer"]);
  });
});
