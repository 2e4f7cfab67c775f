import { expect } from "vitest";
import { createClient } from "../../../src/client/client.js";
import { Code } from "../../../src/errors/errors.js";
import { createServer } from "../../../src/server/server.js";
import { collect, rpcFailure } from "../../support/collect.js";
import { type EchoRequest, EchoServiceDefinition } from "../../support/echo.js";
import { Moment } from "../../support/moment.js";
import type { Story } from "./story.js";

const bytes = (text: string): Buffer => Buffer.from(text);

/** What a call of each shape is. */
export function shapes(story: Story): void {
  story("a unary call is answered, and what the request leaves out has its default", async (stage) => {
    let received: EchoRequest | undefined;
    const { client } = await stage.play({
      unary: (request) => {
        received = request;
        return { text: `Hello ${request.text}` };
      },
    });
    expect(await client.unary({ text: "Ada" })).toEqual({
      payload: Buffer.alloc(0),
      text: "Hello Ada",
      index: 0,
      requests: 0,
      metadata: {},
      instance: "",
    });
    expect(received).toEqual({
      payload: Buffer.alloc(0),
      count: 0,
      delayMs: 0,
      failCode: 0,
      failMessage: "",
      text: "Ada",
      responseBytes: 0,
    });
  });

  story("the responses of a server stream come in order", async (stage) => {
    const { client } = await stage.play();
    const responses = await collect(client.serverStream({ count: 100, text: "row" }));
    expect(responses.map(({ index, text }) => `${text} ${index}`)).toEqual(
      Array.from({ length: 100 }, (_, index) => `row ${index}`),
    );
  });

  story("the requests of a client stream come in order and are answered once", async (stage) => {
    const { client } = await stage.play();
    async function* words() {
      for (const word of ["to", "be", "or", "not"]) yield { payload: bytes(`${word} `) };
    }
    const { payload, requests } = await client.clientStream(words());
    expect({ text: payload.toString(), requests }).toEqual({ text: "to be or not ", requests: 4 });
  });

  story("a stream of requests may be any iterable", async (stage) => {
    const { client } = await stage.play();
    const { payload } = await client.clientStream([{ payload: bytes("a") }, { payload: bytes("b") }]);
    expect(payload.toString()).toBe("ab");
    const answers = await collect(client.bidi(new Set([{ text: "c", count: 1 }])));
    expect(answers.map(({ text }) => text)).toEqual(["c"]);
  });

  story("a stream of responses may be any iterable", async (stage) => {
    const { client } = await stage.play({
      serverStream: () => [{ text: "a" }, { text: "b" }],
      bidi: () => new Set([{ text: "c" }]),
    });
    expect((await collect(client.serverStream({}))).map(({ text }) => text)).toEqual(["a", "b"]);
    expect((await collect(client.bidi([]))).map(({ text }) => text)).toEqual(["c"]);
  });

  story("a stream of responses that is none is a fault of the handler", async (stage) => {
    const faulty = (() => ({ text: "one message" })) as unknown as () => [];
    const { client } = await stage.play({ serverStream: faulty });
    expect(await rpcFailure(collect(client.serverStream({})))).toMatchObject({ code: Code.UNKNOWN });
  });

  story("in a bidirectional stream each request has its answers", async (stage) => {
    const { client } = await stage.play();
    const answers = await collect(client.bidi([{ text: "a", count: 2 }, { text: "b" }, { text: "c", count: 1 }]));
    expect(answers.map(({ text, index, requests }) => [text, index, requests])).toEqual([
      ["a", 0, 1],
      ["a", 1, 1],
      ["c", 0, 3],
    ]);
  });

  story("an empty message is a message, in every shape", async (stage) => {
    const { client } = await stage.play({
      unary: () => ({}),
      clientStream: async (requests) => ({ requests: (await collect(requests)).length }),
      async *serverStream() {
        yield {};
        yield {};
      },
      async *bidi(requests) {
        for await (const _ of requests) yield {};
      },
    });
    expect((await client.unary({})).payload).toHaveLength(0);
    expect((await client.clientStream([{}, {}, {}])).requests).toBe(3);
    expect(await collect(client.serverStream({}))).toHaveLength(2);
    expect(await collect(client.bidi([{}, {}]))).toHaveLength(2);
  });

  story("a stream may be empty, on either side", async (stage) => {
    const { client } = await stage.play();
    expect(await collect(client.serverStream({ count: 0 }))).toEqual([]);
    expect((await client.clientStream([])).requests).toBe(0);
    expect(await collect(client.bidi([]))).toEqual([]);
  });

  story("ping-pong: each request is sent when the last answer is here", async (stage) => {
    const { client } = await stage.play();
    let answered = new Moment<number>();
    async function* pings() {
      for (let round = 0; round < 50; round++) {
        yield { text: `ping ${round}`, count: 1 };
        expect(await answered.promise).toBe(round);
        answered = new Moment();
      }
    }
    let round = 0;
    for await (const { text } of client.bidi(pings())) {
      expect(text).toBe(`ping ${round}`);
      answered.now(round++);
    }
    expect(round).toBe(50);
  });

  story("after the caller has ended its side the server goes on", async (stage) => {
    const ended = new Moment();
    const { client } = await stage.play({
      async *bidi(requests) {
        const count = (await collect(requests)).length;
        ended.now();
        for (let index = 0; index < 3; index++) yield { index, requests: count };
      },
    });
    const responses = client.bidi([{}, {}])[Symbol.asyncIterator]();
    const first = responses.next();
    await ended.promise;
    expect((await first).value).toMatchObject({ index: 0, requests: 2 });
    expect((await responses.next()).value).toMatchObject({ index: 1 });
    expect((await responses.next()).value).toMatchObject({ index: 2 });
    expect(await responses.next()).toEqual({ done: true, value: undefined });
    expect(await responses.next()).toEqual({ done: true, value: undefined });
  });

  story("a server may speak first", async (stage) => {
    const { client } = await stage.play({
      async *bidi(requests) {
        yield { text: "welcome" };
        for await (const { text } of requests) yield { text };
      },
    });
    const welcomed = new Moment();
    async function* requests() {
      await welcomed.promise;
      yield { text: "thank you" };
    }
    const heard: string[] = [];
    for await (const { text } of client.bidi(requests())) {
      heard.push(text);
      welcomed.now();
    }
    expect(heard).toEqual(["welcome", "thank you"]);
  });

  story("a stream of responses begins when it is first read, not before", async (stage) => {
    let begun = 0;
    const { client } = await stage.play({
      async *serverStream() {
        begun++;
        yield {};
      },
    });
    client.serverStream({});
    await client.unary({});
    expect(begun).toBe(0);
    await collect(client.serverStream({}));
    expect(begun).toBe(1);
  });

  story("messages are copied: what is done to one after it was sent reaches nobody", async (stage) => {
    const kept: Buffer[] = [];
    const answer = { payload: bytes("answer"), metadata: { key: "value" } };
    const { client } = await stage.play({
      unary: ({ payload }) => {
        kept.push(payload);
        return answer;
      },
    });
    const request = { payload: bytes("request") };
    const response = await client.unary(request);
    request.payload.fill(0);
    answer.payload.fill(0);
    answer.metadata.key = "changed";
    expect(kept.map(String)).toEqual(["request"]);
    expect(response.payload.toString()).toBe("answer");
    expect(response.metadata).toEqual({ key: "value" });
    kept[0]?.fill(0);
    expect(await client.unary({ payload: bytes("again") })).not.toBe(answer);
    expect(response.payload.toString()).toBe("answer");
  });

  story("messages are copied: one object may be sent again and again with new contents", async (stage) => {
    const { client } = await stage.play({
      async *bidi(requests) {
        const texts = (await collect(requests)).map(({ text, payload }) => `${text}:${payload}`);
        const response = { text: "" };
        for (const text of texts) {
          response.text = text;
          yield response;
        }
      },
    });
    async function* requests() {
      const request = { text: "", payload: bytes("0") };
      for (let round = 0; round < 5; round++) {
        request.text = `round ${round}`;
        request.payload[0] = 48 + round;
        yield request;
      }
    }
    const answers = await collect(client.bidi(requests()));
    expect(answers.map(({ text }) => text)).toEqual([0, 1, 2, 3, 4].map((round) => `round ${round}:${round}`));
  });

  story("a method the server does not have is UNIMPLEMENTED, in every shape", async (stage) => {
    const { transport, address } = stage.network();
    const server = stage.add(createServer({ transport, address }));
    await server.start();
    const client = stage.add(createClient(EchoServiceDefinition, { transport, target: server.address }));
    for (const call of [
      () => client.unary({}),
      () => client.serverStream({}),
      () => client.clientStream([{}]),
      () => client.bidi([{}]),
      () => client.clientStream([]),
    ]) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.UNIMPLEMENTED, remote: true, unprocessed: false });
      expect(error.message).toContain("/hawser.test.v1.EchoService/");
    }
  });

  story("a handler's own iterator may give its results as they stand", async (stage) => {
    let index = 0;
    const plain = { next: () => (index < 3 ? { done: false, value: { index: index++ } } : { done: true }) };
    const { client } = await stage.play({
      serverStream: () => ({ [Symbol.asyncIterator]: () => plain }) as unknown as AsyncIterable<object>,
    });
    expect((await collect(client.serverStream({}))).map((response) => response.index)).toEqual([0, 1, 2]);
  });
}
