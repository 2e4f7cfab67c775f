import { type HandlerCall, type Handlers, isHandlerCall, type Middleware } from "../../../src/contract/contract.js";
import { type Code, detail, RpcError } from "../../../src/errors/errors.js";
import { BadRequest } from "../../../src/gen/google/rpc/error_details.js";
import { defineService, type ServiceSpec } from "../../../src/service/service.js";
import { type EchoRequest, EchoServiceDefinition } from "../../gen/hawser/test/v1/echo.js";
import { Noticeboard } from "./noticeboard.js";
import { peeked } from "./peeked.js";
import { sight } from "./sight.js";

type Echo = Handlers<EchoServiceDefinition>;

/** A deadline is the caller's alone, and further from it than two timers of one machine can be from each other. */
const patience = { timeoutMs: Number.POSITIVE_INFINITY, deadlineMarginMs: 150 };

/**
 * One of several services in a row that do as they are told. The text of a request, or of the first of a stream, is an
 * order; each ">" before it sends it one service further. `fail_message` names what it is about.
 */
export function station(name: string, next?: string): ServiceSpec {
  return defineService({
    name,
    version: "1.0.0",
    contract: EchoServiceDefinition,
    needs: next === undefined ? {} : { next: { contract: EchoServiceDefinition, service: next, ...patience } },
    middleware: [named(name)],
    setup({ needs }) {
      const board = new Noticeboard();
      const onward = (needs as { readonly next: Parameters<typeof relayed>[1] }).next;
      return relayed(orders(name, board), onward);
    },
  }) as ServiceSpec;
}

/** Says in the trailer who has seen the call, the last first: middleware of a service runs at every service. */
const named =
  (name: string): Middleware =>
  (next) =>
  async (call) => {
    if (isHandlerCall(call)) call.trailer.append("x-middleware", name);
    return await next(call);
  };

function relayed(own: Echo, next: { readonly [Name in keyof Echo]: (request: never) => unknown } | undefined): Echo {
  const further = <T extends { readonly text: string }>(request: T): T => ({ ...request, text: request.text.slice(1) });
  const goesOn = ({ text }: EchoRequest): boolean => text.startsWith(">") && next !== undefined;
  // biome-ignore lint/suspicious/noExplicitAny: each method is relayed to the one of its own name
  const on = next as any;
  const single = (method: "unary" | "read" | "put"): Echo["unary"] => {
    return (request, call) => (goesOn(request) ? on[method](further(request)) : own[method](request, call));
  };
  return {
    unary: single("unary"),
    read: single("read"),
    put: single("put"),
    serverStream: (request, call) =>
      goesOn(request) ? on.serverStream(further(request)) : own.serverStream(request, call),
    async clientStream(requests, call) {
      const { first, all } = await peeked(requests);
      if (first === undefined || !goesOn(first)) return await own.clientStream(all, call);
      return await on.clientStream(each(all, further));
    },
    async *bidi(requests, call) {
      const { first, all } = await peeked(requests);
      if (first === undefined || !goesOn(first)) yield* own.bidi(all, call);
      else yield* on.bidi(each(all, further));
    },
  };
}

async function* each<T>(all: AsyncIterable<T>, change: (one: T) => T): AsyncGenerator<T> {
  for await (const one of all) yield change(one);
}

/** What a station does by itself. */
function orders(name: string, board: Noticeboard): Echo {
  const single = async (request: EchoRequest, call: HandlerCall) => {
    const { text, failMessage: subject } = request;
    switch (text) {
      case "look":
        return { text: JSON.stringify(sight(name, call)), payload: request.payload };
      case "fail":
        throw failureOf(request);
      case "throw":
        throw new Error(`${name} keeps this to itself`);
      case "stamp":
        call.header.append("x-header", name);
        call.trailer.append("x-trailer", name);
        if (request.failCode !== 0) throw failureOf(request);
        return {};
      case "repeat":
        for (const value of ["a", "b"]) call.trailer.append("x-trailer", value);
        return {};
      case "wait":
        call.signal.addEventListener("abort", () => board.note(subject, "aborted"));
        board.note(subject, "began");
        return await new Promise<never>((_, reject) =>
          call.signal.addEventListener("abort", () => reject(call.signal.reason)),
        );
      case "flaky":
        if (board.count(subject) < request.count) throw failureOf(request);
        return { requests: board.counted(subject) };
      case "grow":
        return { payload: Buffer.alloc(request.responseBytes) };
      case "overwrite":
        request.payload.fill(0xff);
        return { payload: request.payload };
      case "counted": // how often there was anything of the subject: a try, a message of a stream
        return { requests: board.counted(subject) };
      case "noted": // what was noted of the subject; waits for the first
        return { text: await board.noted(subject, request.payload.toString()) };
      default:
        throw new Error(`${name} knows no order ${JSON.stringify(text)}`);
    }
  };
  return {
    unary: single,
    read: single,
    put: single,
    async *serverStream(request, call) {
      const { text, failMessage: subject, count, failCode, responseBytes } = request;
      let made = 0;
      try {
        if (text === "fail first") throw failureOf(request);
        while (made < count) {
          if (made === 0) call.header.append("x-header", name);
          board.count(subject);
          yield { index: made++, payload: Buffer.alloc(responseBytes), text: name };
        }
        call.trailer.append("x-trailer", name);
        if (failCode !== 0) throw failureOf(request);
      } finally {
        board.note(subject, made < count ? "broken off" : "ended");
      }
    },
    async clientStream(requests, call) {
      let count = 0;
      let bytes = 0;
      let subject = "";
      try {
        for await (const request of requests) {
          count++;
          bytes += request.payload.length;
          subject = request.failMessage;
          if (request.text === "enough") return { text: name, requests: count };
          if (request.failCode !== 0) throw failureOf(request);
        }
        return { text: JSON.stringify(sight(name, call)), requests: count, index: bytes };
      } finally {
        board.note(subject, `read ${count}`);
      }
    },
    async *bidi(requests) {
      let count = 0;
      for await (const request of requests) {
        count++;
        if (request.failCode !== 0) throw failureOf(request);
        yield { text: name, index: count, payload: request.payload };
      }
      yield { text: "the end", index: count };
    },
  };
}

function failureOf({ failCode, failMessage }: EchoRequest): RpcError {
  const details = [detail(BadRequest, { fieldViolations: [{ field: "text", description: failMessage }] })];
  return new RpcError(failCode as Code, failMessage, { details });
}
