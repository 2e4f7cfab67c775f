import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { type Method, methodsOf } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { RequestWriter } from "../../src/transport/request-writer.js";
import { EchoServiceDefinition } from "../support/echo.js";
import { forever, Moment } from "../support/moment.js";

const method = methodsOf(EchoServiceDefinition).find(({ localName }) => localName === "clientStream") as Method;

type Take = (message: unknown) => Promise<void> | undefined;

/** A writer, what was taken of it, and how it ended. */
function given(take: Take = () => undefined) {
  const taken: unknown[] = [];
  const ends: unknown[] = [];
  const sink = {
    closed: false,
    take: (message: unknown) => {
      taken.push(message);
      return take(message);
    },
    end: () => void ends.push("all"),
    fail: (error: RpcError) => void ends.push(error),
  };
  return { sink, taken, ends, writer: new RequestWriter(method, sink) };
}

/** Counts from 1, with a diary of its end. */
function* counting(diary: string[], step: (count: number) => void = () => {}) {
  try {
    for (let count = 1; ; count++) {
      step(count);
      yield count;
    }
  } finally {
    diary.push("over");
  }
}

async function* asynchronous(source: Iterable<unknown>) {
  yield* source;
}

const kinds: [string, (source: Iterable<unknown>) => unknown][] = [
  ["plain", (source) => source],
  ["async", asynchronous],
];

describe("a stream of requests", () => {
  it.each([
    ["an array", [1, 2, 3]],
    ["an array of promises", [Promise.resolve(1), 2, Promise.resolve(3)]],
    ["an async generator", asynchronous([1, 2, 3])],
  ])("that is %s is written in order, and then its end", async (_, stream) => {
    const { writer, taken, ends } = given();
    await writer.write(stream);
    expect(taken).toEqual([1, 2, 3]);
    expect(ends).toEqual(["all"]);
  });

  it("that never waits is written at once, its end too", () => {
    const { writer, taken, ends } = given();
    void writer.write([1, 2, 3]);
    expect(taken).toEqual([1, 2, 3]);
    expect(ends).toEqual(["all"]);
  });

  it("waits where there is no room", async () => {
    const room = new Moment();
    const { writer, taken, ends } = given((message) => (message === 2 ? room.promise : undefined));
    const writing = writer.write([1, 2, 3]);
    expect(taken).toEqual([1, 2]);
    room.now();
    await writing;
    expect(taken).toEqual([1, 2, 3]);
    expect(ends).toEqual(["all"]);
  });

  it.each(kinds)("that never ends gives way to everything else: %s", async (_, make) => {
    const { writer, taken } = given();
    const diary: string[] = [];
    const turn = new Promise((resolve) => setImmediate(resolve));
    const writing = writer.write(make(counting(diary)));
    await turn;
    expect(taken.length).toBeGreaterThan(0);
    writer.stop();
    await writing;
    expect(diary).toEqual(["over"]);
  });

  it.each(kinds)("that ends its own call gives nothing more, and is told after its step: %s", async (_, make) => {
    const { writer, taken, ends } = given();
    const diary: string[] = [];
    await writer.write(make(counting(diary, (count) => count === 3 && writer.stop())));
    expect(taken).toEqual([1, 2]);
    expect(diary).toEqual(["over"]);
    expect(ends).toEqual([]);
  });

  it.each(kinds)("is told where nothing more is found to be taken: %s", async (_, make) => {
    const { writer, sink, taken, ends } = given(() => {
      sink.closed = true;
      return undefined;
    });
    const diary: string[] = [];
    await writer.write(make(counting(diary)));
    expect(taken).toEqual([1]);
    expect(diary).toEqual(["over"]);
    expect(ends).toEqual([]);
  });

  it("that has yet to give its next request is told at once, and once", () => {
    const { writer } = given();
    let told = 0;
    const stream = { next: () => forever, return: async () => ({ done: true, value: told++ }) };
    void writer.write({ [Symbol.asyncIterator]: () => stream });
    expect(told).toBe(0);
    writer.stop();
    writer.stop();
    expect(told).toBe(1);
  });

  it.each(kinds)("runs and ends where its writer was made, whoever makes room for it: %s", async (_, make) => {
    const place = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    function* looking() {
      try {
        for (;;) yield seen.push(place.getStore());
      } finally {
        seen.push(place.getStore());
      }
    }
    const room = new Moment();
    const { writer } = place.run("caller", () => given((message) => (message === 2 ? room.promise : undefined)));
    const writing = place.run("connection", () => writer.write(make(looking())));
    await new Promise((resolve) => setImmediate(resolve));
    place.run("reader", () => writer.stop());
    room.now();
    await writing;
    expect(seen).toEqual(["caller", "caller", "caller"]);
  });

  it("that was never begun is told where nobody takes anything any more", async () => {
    const { writer, taken, ends } = given();
    let told = 0;
    writer.stop();
    const stream = { next: () => forever, return: async () => ({ done: true, value: told++ }) };
    await writer.write({ [Symbol.asyncIterator]: () => stream });
    expect(told).toBe(1);
    expect(taken).toEqual([]);
    expect(ends).toEqual([]);
  });

  it("that has ended is told nothing", async () => {
    const { writer } = given();
    let told = 0;
    const stream = { next: () => ({ done: true, value: undefined }), return: () => ({ done: true, value: told++ }) };
    await writer.write({ [Symbol.iterator]: () => stream });
    writer.stop();
    expect(told).toBe(0);
  });

  it.each([
    ["at once", () => raise(new Error("torn"))],
    ["later", () => Promise.reject(new Error("torn"))],
  ])("that fails as it tidies up, %s, changes nothing", async (_, tidy) => {
    const { writer, sink, ends } = given();
    sink.closed = true;
    await writer.write({ [Symbol.asyncIterator]: () => ({ next: () => forever, return: tidy }) });
    expect(ends).toEqual([]);
  });

  it("that fails ends the call with its name", async () => {
    const cause = new Error("the tape is torn");
    const { writer, ends } = given();
    await writer.write(counting([], (count) => count === 2 && raise(cause)));
    expect(ends).toMatchObject([{ code: Code.CANCELLED, cause }]);
    expect(String(ends[0])).toContain("EchoService/ClientStream: the stream of requests failed: the tape is torn");
  });

  it("that fails with an RpcError ends the call with that", async () => {
    const error = new RpcError(Code.DATA_LOSS, "the tape is torn");
    const { writer, ends } = given();
    await writer.write(counting([], () => raise(error)));
    expect(ends).toEqual([error]);
  });

  it("that gives what cannot be sent ends the call with what is wrong with it", async () => {
    const { writer, ends } = given(() => raise(new Error("no text")));
    await writer.write([1, 2]);
    expect(ends).toMatchObject([{ code: Code.INVALID_ARGUMENT }]);
    expect(String(ends[0])).toContain("the request does not fit hawser.test.v1.EchoRequest: no text");
  });
});

function raise(reason: unknown): never {
  throw reason;
}
