import { expect } from "vitest";
import type { CallOptions, HandlerCall, Middleware } from "../../../src/contract/contract.js";
import { Metadata } from "../../../src/contract/contract.js";
import { Code, RpcError } from "../../../src/errors/errors.js";
import { collect, failure } from "../../support/collect.js";
import type { EchoHandlers } from "../../support/echo.js";
import { forever, Moment } from "../../support/moment.js";
import type { EchoClient, Story } from "./story.js";

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const plain = { "x-tenant": "7", "x.dotted_name": "a b,c;d=e", "x-empty": "" };
const single = (): Metadata =>
  new Metadata([
    ...Object.entries(plain),
    ["x-bytes-bin", everyByte],
    ["x-few-bin", Uint8Array.of(1)],
    ["x-few-bin", Uint8Array.of(2, 3)],
    ["x-none-bin", new Uint8Array(0)],
  ]);
const full = (): Metadata => new Metadata([...single(), ["x-list", "one"], ["x-list", "two"]]);

/** Metadata as plain values, so that Buffer and Uint8Array compare equal. */
function contents(metadata: Metadata | undefined): { [key: string]: (string | number[])[] } {
  return Object.fromEntries(
    [...(metadata?.keys() ?? [])].map((key) => [
      key,
      metadata!.getAll(key).map((value: string | Uint8Array) => (typeof value === "string" ? value : [...value])),
    ]),
  );
}

/** One call of each shape, read to its end. */
function everyShape(client: EchoClient, options: () => object): readonly (() => Promise<unknown>)[] {
  return [
    () => client.unary({}, options()),
    () => collect(client.serverStream({ count: 1 }, options())),
    () => client.clientStream([{}], options()),
    () => collect(client.bidi([{ count: 1 }], options())),
  ];
}

/** Handlers that do the same to every call, then answer once. */
function always(act: (call: HandlerCall) => unknown): Partial<EchoHandlers> {
  return {
    unary: async (_request, call) => {
      await act(call);
      return {};
    },
    clientStream: async (requests, call) => {
      await collect(requests);
      await act(call);
      return {};
    },
    async *serverStream(_request, call) {
      await act(call);
      yield {};
    },
    async *bidi(requests, call) {
      await collect(requests);
      await act(call);
      yield {};
    },
  };
}

/** What travels beside a message. */
export function metadata(story: Story): void {
  story("a handler sees its caller's metadata: text, repeated keys, bytes, empty values", async (stage) => {
    const seen: object[] = [];
    const { client } = await stage.play(always((call) => seen.push(contents(call.metadata))));
    for (const call of everyShape(client, () => ({ metadata: full() }))) await call();
    expect(seen).toEqual(Array(4).fill(contents(full())));
  });

  story("a call without metadata has none: nothing of the transport's own shows", async (stage) => {
    const seen: object[] = [];
    const { client } = await stage.play(always((call) => seen.push(contents(call.metadata))));
    for (const call of everyShape(client, () => ({ timeoutMs: 10_000 }))) await call();
    expect(seen).toEqual([{}, {}, {}, {}]);
  });

  story("keys are lower case, however they were written", async (stage) => {
    const { client } = await stage.play(
      always((call) => {
        expect(call.metadata.get("X-Tenant")).toBe("7");
        expect([...call.metadata.keys()]).toEqual(["x-tenant"]);
        call.header.set("X-Answer", "yes");
      }),
    );
    let header: Metadata | undefined;
    await client.unary({}, { metadata: { "X-Tenant": "7" }, onHeader: (received) => (header = received) });
    expect(contents(header)).toEqual({ "x-answer": ["yes"] });
  });

  story("header and trailer reach the caller, each complete, once a call", async (stage) => {
    const { client } = await stage.play(
      always((call) => {
        for (const [key, value] of single()) call.header.append(key, value);
        call.trailer.set("x-cost", "17").set("x-seal-bin", everyByte);
      }),
    );
    const headers: object[] = [];
    const trailers: object[] = [];
    const options = () => ({
      onHeader: (header: Metadata) => headers.push(contents(header)),
      onTrailer: (trailer: Metadata) => trailers.push(contents(trailer)),
    });
    for (const call of everyShape(client, options)) await call();
    expect(headers).toEqual(Array(4).fill(contents(single())));
    expect(trailers).toEqual(Array(4).fill({ "x-cost": ["17"], "x-seal-bin": [[...everyByte]] }));
  });

  story("a text key that is repeated in header or trailer keeps its values apart", async (stage) => {
    const { client } = await stage.play(
      always((call) => {
        call.header.append("x-list", "one").append("x-list", "two");
        call.trailer.append("x-list", "three").append("x-list", "four, five");
      }),
    );
    const received: object[] = [];
    const keep = (each: Metadata) => received.push(contents(each));
    await client.unary({}, { onHeader: keep, onTrailer: keep });
    expect(received).toEqual([{ "x-list": ["one", "two"] }, { "x-list": ["three", "four, five"] }]);
  });

  story("a header sent ahead arrives before the first response is there", async (stage) => {
    const answer = new Moment();
    const { client } = await stage.play({
      async *serverStream(_request, call) {
        call.header.set("x-when", "early");
        call.sendHeader();
        call.header.set("x-late", "lost");
        call.sendHeader();
        await answer.promise;
        yield { text: "late" };
      },
    });
    const header = new Moment<Metadata>();
    const responses = client.serverStream({}, { onHeader: header.now })[Symbol.asyncIterator]();
    const first = responses.next();
    expect(contents(await header.promise)).toEqual({ "x-when": ["early"] });
    answer.now();
    expect((await first).value).toMatchObject({ text: "late" });
  });

  story("a header sent ahead of a single answer arrives with it", async (stage) => {
    const { client } = await stage.play(
      always((call) => {
        call.header.set("x-when", "early");
        call.sendHeader();
        call.header.set("x-late", "lost");
      }),
    );
    let header: Metadata | undefined;
    await client.unary({}, { onHeader: (received) => (header = received) });
    expect(contents(header)).toEqual({ "x-when": ["early"] });
  });

  story("a stream that fails after its responses has its trailer", async (stage) => {
    const { client } = await stage.play({
      async *serverStream(_request, call) {
        call.header.set("x-header", "h");
        call.trailer.set("x-trailer", "t");
        yield {};
        throw new RpcError(Code.ABORTED, "enough");
      },
    });
    const received: object[] = [];
    const keep = (each: Metadata) => received.push(contents(each));
    const error = await failure(client.serverStream({}, { onHeader: keep, onTrailer: keep }));
    expect(error).toMatchObject({ code: Code.ABORTED, message: "enough" });
    expect(received).toEqual([{ "x-header": ["h"] }, { "x-trailer": ["t"] }]);
  });

  story("a call that fails has its trailer, whatever its shape", async (stage) => {
    const { client } = await stage.play(
      always((call) => {
        call.trailer.set("x-trailer", "t");
        throw new RpcError(Code.ABORTED, "enough");
      }),
    );
    const trailers: object[] = [];
    const options = () => ({ onTrailer: (trailer: Metadata) => trailers.push(contents(trailer)) });
    for (const call of everyShape(client, options)) expect(await failure(call())).toMatchObject({ message: "enough" });
    expect(trailers).toEqual(Array(4).fill({ "x-trailer": ["t"] }));
  });

  story("metadata changed after the call was made, or after it was sent, changes nothing", async (stage) => {
    const called = new Moment<HandlerCall>();
    const { client } = await stage.play({
      unary: (_request, call) => {
        call.header.set("x-own", "sent");
        call.sendHeader();
        call.header.set("x-own", "changed");
        called.now(call);
        return {};
      },
    });
    const mine = new Metadata({ "x-own": "sent" });
    let header: Metadata | undefined;
    const answer = client.unary({}, { metadata: mine, onHeader: (received) => (header = received) });
    mine.set("x-own", "changed");
    await answer;
    expect((await called.promise).metadata.get("x-own")).toBe("sent");
    expect(header?.get("x-own")).toBe("sent");
    (await called.promise).metadata.set("x-own", "overwritten");
    expect(mine.get("x-own")).toBe("changed");
  });

  story("the metadata of one call is not another's", async (stage) => {
    const { client } = await stage.play({ unary: (_request, call) => ({ text: call.metadata.get("x-n") ?? "none" }) });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => client.unary({}, n % 2 === 0 ? { metadata: { "x-n": `${n}` } } : {})),
    );
    expect(answers.map(({ text }) => text)).toEqual(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? `${n}` : "none")),
    );
  });

  story("a large header goes through whole", async (stage) => {
    const { client } = await stage.play({ unary: (_request, call) => ({ text: call.metadata.get("x-large") ?? "" }) });
    const large = "0123456789".repeat(800);
    expect((await client.unary({}, { metadata: { "x-large": large } })).text).toBe(large);
  });

  story("a response that never comes has no header, and the call can be given up", async (stage) => {
    const begun = new Moment();
    const { client } = await stage.play({
      unary: () => {
        begun.now();
        return forever;
      },
    });
    const controller = new AbortController();
    let headers = 0;
    const answer = failure(client.unary({}, { signal: controller.signal, onHeader: () => headers++ }));
    await begun.promise;
    controller.abort();
    expect(await answer).toMatchObject({ code: Code.CANCELLED });
    expect(headers).toBe(0);
  });

  story("what middleware sets in header or trailer of a reply is there for whoever reads them next", async (stage) => {
    const stamp: Middleware = (next) => async (call) => {
      const reply = await next(call);
      reply.header.set("x-stamp", "header");
      if (!call.method.responseStream) reply.trailer().set("x-stamp", "trailer");
      return reply;
    };
    const { client } = await stage.play(
      always((call) => {
        call.header.set("x-own", "1");
        call.trailer.set("x-own", "1");
      }),
      { client: { middleware: [stamp] } },
    );
    const seen: unknown[] = [];
    const options: CallOptions = {
      onHeader: (header) => seen.push(header.get("x-own"), header.get("x-stamp")),
      onTrailer: (trailer) => seen.push(trailer.get("x-own"), trailer.get("x-stamp")),
    };
    await client.unary({}, options);
    expect(seen).toEqual(["1", "header", "1", "trailer"]);
  });
}
