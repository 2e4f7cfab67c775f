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
