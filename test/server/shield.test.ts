import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/client.js";
import { Metadata, type Method, type Middleware, methodsOf, type Reply } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { HandlerStream } from "../../src/server/handler-stream.js";
import { createServer } from "../../src/server/server.js";
import { shield } from "../../src/server/shield.js";
import { callStats } from "../../src/telemetry/call-stats.js";
import { IncomingCall } from "../../src/transport/incoming-call.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { collect, rpcFailure } from "../support/collect.js";
import { Diary } from "../support/diary.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const secret = new Error("password=hunter2");

/** A call behind the shield, of a method by its local name, that is answered so. */
function given(localName: string, answer: (call: IncomingCall) => Promise<Reply>) {
  const logger = new Diary();
  const call = new IncomingCall({
    method: methodsOf(EchoServiceDefinition).find((each) => each.localName === localName) as Method,
    message: {},
    metadata: new Metadata(),
    deadline: undefined,
    peer: "here",
    sink: { header: () => {} },
  });
  return { call, lines: logger.lines, replied: shield(logger)(() => answer(call))(call) };
}

function replyWith(message: unknown): Reply {
  return { message, header: new Metadata(), trailer: () => new Metadata() };
}

describe("a failure in middleware", () => {
  it.each(["unary", "serverStream"])("is neutral to the caller of a %s, and whole in the log", async (localName) => {
    const { replied, lines } = given(localName, () => Promise.reject(secret));
    const { code, errorId } = await rpcFailure(replied);
    expect(code).toBe(Code.UNKNOWN);
    expect(lines).toMatchObject([{ err: secret, error_id: errorId }]);
  });

  it("is so amid the stream it answers with, too", async () => {
    async function* broken() {
      yield "a";
      throw secret;
    }
    const { replied, lines } = given("serverStream", async () => replyWith(broken()));
    const responses = ((await replied).message as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    expect(await responses.next()).toEqual({ done: false, value: "a" });
    const { code, errorId } = await rpcFailure(responses.next());
    expect(code).toBe(Code.UNKNOWN);
    expect(lines).toMatchObject([{ err: secret, error_id: errorId }]);
  });

  it("is in the log where other middleware has made an RpcError of it, once", async () => {
    const error = RpcError.from(secret);
    const { call, replied, lines } = given("unary", () => Promise.reject(error));
    expect(await rpcFailure(replied)).toBe(error);
    const logger = new Diary();
    expect(await rpcFailure(shield(logger)(() => Promise.reject(error))(call))).toBe(error);
    expect(lines).toMatchObject([{ err: secret, error_id: error.errorId }]);
    expect(logger.lines).toEqual([]);
  });

  it("that has a name is nothing to log", async () => {
    const error = new RpcError(Code.NOT_FOUND, "no order 17");
    const { replied, lines } = given("unary", () => Promise.reject(error));
    expect(await rpcFailure(replied)).toBe(error);
    expect(lines).toEqual([]);
  });

  it("is one where the stream it answers with is none", async () => {
    const { replied, lines } = given("serverStream", async () => replyWith({}));
    expect((await rpcFailure(replied)).code).toBe(Code.UNKNOWN);
    expect(lines).toMatchObject([{ err: { message: expect.stringMatching(/^a stream is an async generator/) } }]);
  });
});

describe("a failure in middleware that is counted, and logged as a call", () => {
  it.each(["unary", "serverStream"] as const)("is whole in the log all the same: %s", async (shape) => {
    const transport = memoryTransport();
    const logger = new Diary();
    const failing: Middleware = (next) => async (call) => {
      if (!call.method.responseStream) throw secret;
      const { header, trailer } = await next(call);
      return { header, trailer, message: breaking() };
    };
    // biome-ignore lint/correctness/useYield: it never comes to that
    async function* breaking() {
      throw secret;
    }
    const middleware = [callStats().middleware, failing];
    await using server = createServer({ transport, address: "memory://counted", middleware, logger });
    await server.add(EchoServiceDefinition, echo()).start();
    await using client = createClient(EchoServiceDefinition, { transport, target: server.address });
    const { message } = await rpcFailure(client[shape]({}));
    expect(logger.lines).toMatchObject([{ err: secret, "rpc.method": expect.stringContaining("EchoService/") }]);
    expect(message).toContain(String(logger.lines[0]?.["error_id"]));
  });
});

describe("a reply behind the shield", () => {
  it("with a handler's own stream is that very reply", async () => {
    let reply: Reply | undefined;
    const { replied } = given("serverStream", async (call) => {
      reply = replyWith(new HandlerStream(["a"], call, new Diary()));
      return reply;
    });
    expect(await replied).toBe(reply);
  });

  it("with another stream keeps messages, header and trailer", async () => {
    const [header, trailer] = [new Metadata(), new Metadata()];
    const { replied } = given("serverStream", async () => ({ message: ["a", "b"], header, trailer: () => trailer }));
    const reply = await replied;
    expect(await collect(reply.message as AsyncIterable<unknown>)).toEqual(["a", "b"]);
    expect(reply.header).toBe(header);
    expect(reply.trailer()).toBe(trailer);
  });
});
