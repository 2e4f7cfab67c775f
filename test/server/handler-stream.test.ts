import { describe, expect, it } from "vitest";
import {
  currentCall,
  type Logger,
  type MessageSink,
  Metadata,
  type Method,
  methodsOf,
  silentLogger,
} from "../../src/contract/contract.js";
import { Code, codeName, RpcError } from "../../src/errors/errors.js";
import { HandlerStream } from "../../src/server/handler-stream.js";
import { IncomingCall } from "../../src/transport/incoming-call.js";
import { failure, rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition } from "../support/echo.js";

const method = methodsOf(EchoServiceDefinition).find(({ localName }) => localName === "serverStream") as Method;

/** What a handler has answered, with a diary of what its observer was told. */
function given(responses: unknown) {
  const call = new IncomingCall({
    method,
    message: {},
    metadata: new Metadata(),
    deadline: undefined,
    peer: "here",
    sink: { header: () => {} },
  });
  const logged: unknown[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => void logged.push(fields) };
  const stream = new HandlerStream(responses, call, logger);
  const diary: string[] = [];
  stream.observedBy({
    message: () => diary.push("message"),
    complete: () => diary.push("complete"),
    fail: ({ code }) => diary.push(`failed ${codeName(code)}`),
    stop: () => diary.push("stopped"),
  });
  return { call, stream, diary, logged };
}

/** Takes everything. */
class Taker implements MessageSink {
  readonly taken: unknown[] = [];
  closed = false;

  take(message: unknown): Promise<void> | undefined {
    this.taken.push(message);
    return undefined;
  }
}

/** Whose call it finds itself in, from the first step to the last. */
function* aware(seen: unknown[]) {
  try {
    for (;;) {
      seen.push(currentCall());
      yield {};
    }
  } finally {
    seen.push(currentCall());
  }
}

const kinds: [string, () => unknown][] = [
  ["an array", () => ["a", "b"]],
  ["an array of promises", () => [Promise.resolve("a"), "b"]],
  [
    "a generator",
    function* () {
      yield "a";
      yield "b";
    },
  ],
  [
    "an async generator",
    async function* () {
      yield "a";
      yield "b";
    },
  ],
];

const ways: [string, (stream: HandlerStream) => Promise<unknown>][] = [
  ["pushed", (stream) => stream.pushTo(new Taker())],
  ["read", (stream) => stream.next()],
];

describe("the responses of a handler", () => {
  it.each(kinds)("that are %s are pushed in order, and their end is told", async (_, make) => {
    const { stream, diary } = given(make());
    const taker = new Taker();
    await stream.pushTo(taker);
    expect(taker.taken).toEqual(["a", "b"]);
    expect(diary).toEqual(["message", "message", "complete"]);
  });

  it.each(kinds)("that are %s can be read, too", async (_, make) => {
    const { stream, diary } = given(make());
    const read: unknown[] = [];
    for await (const message of stream) read.push(message);
    expect(read).toEqual(["a", "b"]);
    expect(diary).toEqual(["message", "message", "complete"]);
  });

  it.each(ways)("that fail are told of and logged, when they are %s", async (_, begin) => {
    const broken = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("no paper")) }) };
    const { stream, diary, logged } = given(broken);
    expect((await rpcFailure(begin(stream))).code).toBe(Code.UNKNOWN);
    expect(diary).toEqual(["failed UNKNOWN"]);
    expect(logged).toMatchObject([{ err: { message: "no paper" } }]);
  });

  it.each(ways)("whose step is nothing fail as any other, when they are %s", async (_, begin) => {
    const { stream, diary, logged } = given({ [Symbol.asyncIterator]: () => ({ next: async () => undefined }) });
    expect((await rpcFailure(begin(stream))).code).toBe(Code.UNKNOWN);
    expect(diary).toEqual(["failed UNKNOWN"]);
    expect(logged).toHaveLength(1);
  });

  it("are made and ended in their call", async () => {
    const seen: unknown[] = [];
    const { stream, call } = given(aware(seen));
    const taker = new Taker();
    const reading = stream.pushTo({
      get closed() {
        return taker.taken.length === 3;
      },
      take: (message) => taker.take(message),
    });
    await reading;
    expect(seen).toEqual([call, call, call, call]);
  });

  it("end where nothing more is taken", async () => {
    const seen: unknown[] = [];
    const { stream, diary } = given(aware(seen));
    await stream.pushTo({ closed: true, take: () => undefined });
    expect(diary).toEqual(["message", "stopped"]);
    expect(seen).toHaveLength(2);
  });

  it.each([
    ["at once", () => raise()],
    ["later", async () => raise()],
  ])("end where one cannot be taken %s, and that is what is said", async (_, take) => {
    const seen: unknown[] = [];
    const { stream, diary, call } = given(aware(seen));
    expect((await rpcFailure(stream.pushTo({ closed: false, take }))).message).toBe("too large");
    expect(diary).toEqual(["message", "stopped"]);
    expect(seen).toEqual([call, call]);
  });

  it.each([
    ["read", (stream: HandlerStream) => stream.return()],
    ["pushed", (stream: HandlerStream) => stream.pushTo({ closed: true, take: () => undefined })],
    ["refused", (stream: HandlerStream) => stream.pushTo({ closed: false, take: () => raise() })],
  ])("that fail as they tidy up are logged, though nobody waits for them any more: %s", async (_, leave) => {
    const responses = { next: () => ({ value: {} }), return: () => Promise.reject(new Error("no paper")) };
    const { call, stream, diary, logged } = given({ [Symbol.asyncIterator]: () => responses });
    call.cancel();
    await failure(leave(stream));
    expect(logged).toMatchObject([{ err: { message: "no paper" }, "rpc.method": method.fullName }]);
    expect(diary.at(-1)).toBe("stopped");
  });

  it("tell who breaks them off by which id the log has their failure", async () => {
    const { stream, logged } = given({
      [Symbol.iterator]: () => ({ next: () => ({ value: {} }), return: () => lose() }),
    });
    const { errorId } = await rpcFailure(stream.return());
    expect(logged).toMatchObject([{ error_id: errorId }]);
  });

  it.each([
    [Promise.resolve([]), "a Promise: leave out `async`, or write `async *`"],
    [{ text: "one" }, "such an object"],
    [undefined, "a value of type undefined"],
    ["abc", "a value of type string"],
  ])("are a stream, and not %s", (responses, named) => {
    const message = `a stream is an async generator, or another iterable, and not ${named}`;
    expect(() => given(responses)).toThrow(new TypeError(message));
  });
});

function lose(): never {
  throw new Error("no paper");
}

function raise(): never {
  throw new RpcError(Code.INTERNAL, "too large");
}
