import { expect } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { collect, failure, rpcFailure } from "../../support/collect.js";
import { Moment } from "../../support/moment.js";
import type { Story } from "./story.js";

const mebibyte = 1024 * 1024;
/** Of a message around one payload: a tag and the length. */
const framing = 5;

/** How much is too much. */
export function limits(story: Story): void {
  story("a message as large as allowed goes through, either way, in every shape", async (stage) => {
    const { client } = await stage.play({
      unary: ({ payload, responseBytes }) => ({ index: payload.length, payload: Buffer.alloc(responseBytes) }),
      clientStream: async (requests) => {
        let index = 0;
        for await (const { payload } of requests) index += payload.length;
        return { index };
      },
      async *serverStream({ payload, responseBytes }) {
        yield { index: payload.length };
        yield { payload: Buffer.alloc(responseBytes) };
      },
      async *bidi(requests) {
        for await (const { payload } of requests) yield { payload };
      },
    });
    const largest = 4 * mebibyte - framing;
    const payload = Buffer.alloc(largest, "hawser");
    expect((await client.unary({ payload })).index).toBe(largest);
    expect((await client.unary({ responseBytes: largest })).payload).toHaveLength(largest);
    expect((await client.clientStream([{ payload }, { payload }])).index).toBe(2 * largest);
    const rows = await collect(client.serverStream({ payload: payload.subarray(9), responseBytes: largest }));
    expect([rows[0]?.index, rows[1]?.payload.length]).toEqual([largest - 9, largest]);
    const echoed = await collect(client.bidi([{ payload }, { payload }]));
    expect(echoed.map((each) => each.payload.equals(payload))).toEqual([true, true]);
  });

  story("a request that is too large is RESOURCE_EXHAUSTED, and its handler never sees it", async (stage) => {
    let handled = 0;
    const { client } = await stage.play({
      unary: () => ({ index: ++handled }),
      async *serverStream() {
        yield { index: ++handled };
      },
      clientStream: async (requests) => {
        for await (const { payload } of requests) if (payload.length > 100) handled++;
        return {};
      },
      async *bidi(requests) {
        for await (const { payload } of requests) {
          if (payload.length > 100) handled++;
          yield {};
        }
      },
    });
    const large = { payload: Buffer.alloc(4 * mebibyte) };
    for (const call of [
      () => client.unary(large),
      () => collect(client.serverStream(large)),
      () => client.clientStream([{}, large]),
      () => collect(client.bidi([{}, large])),
    ]) {
      expect(await rpcFailure(call())).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, unprocessed: false });
    }
    expect(handled).toBe(0);
    expect(await rpcFailure(client.unary(large))).toMatchObject({ remote: true });
  });

  story("a response that is too large is RESOURCE_EXHAUSTED, after those that are not", async (stage) => {
    const { client } = await stage.play({
      async *serverStream() {
        yield { index: 1 };
        yield { payload: Buffer.alloc(4 * mebibyte) };
        yield { index: 3 };
      },
    });
    expect(await failure(client.unary({ responseBytes: 4 * mebibyte }))).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
      remote: false,
    });
    const responses = client.serverStream({})[Symbol.asyncIterator]();
    expect((await responses.next()).value).toMatchObject({ index: 1 });
    expect(await failure(responses.next())).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  });

  story("a message that is too large ends its own call and no other", async (stage) => {
    const running = new Moment();
    const release = new Moment();
    const { client } = await stage.play({
      async *bidi(requests) {
        for await (const { text } of requests) yield { text };
      },
      read: async () => {
        running.now();
        await release.promise;
        return { text: "undisturbed" };
      },
    });
    const waiting = client.read({});
    await running.promise;
    const asked = new Moment();
    async function* requests() {
      yield { text: "before" };
      await asked.promise;
      yield { text: "after" };
    }
    const stream = client.bidi(requests())[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ text: "before" });
    for (let round = 0; round < 3; round++) {
      await failure(client.unary({ payload: Buffer.alloc(5 * mebibyte) }));
      await failure(client.unary({ responseBytes: 5 * mebibyte }));
    }
    asked.now();
    expect((await stream.next()).value).toMatchObject({ text: "after" });
    release.now();
    expect((await waiting).text).toBe("undisturbed");
    expect((await client.unary({ text: "next" })).text).toBe("next");
  });

  story("the limit is an option", async (stage) => {
    const { client } = await stage.play({}, { maxReceiveBytes: 1000 });
    expect((await client.clientStream([{ payload: Buffer.alloc(990) }])).requests).toBe(1);
    expect(await failure(client.clientStream([{ payload: Buffer.alloc(1000) }]))).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
    });
    expect(await failure(client.unary({ responseBytes: 1000 }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  });

  story("1,000 calls at once each have their own answer", async (stage) => {
    const all = new Moment();
    let running = 0;
    const { client } = await stage.play({
      unary: async ({ text }) => {
        if (++running === 1000) all.now();
        await all.promise;
        return { text };
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, n) => client.unary({ text: `${n}` }, { timeoutMs: 60_000 })),
    );
    expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 1000 }, (_, n) => `${n}`));
  });

  story("more calls than a connection may carry wait for their turn", async (stage) => {
    const { client } = await stage.play();
    const answers = await Promise.all(
      Array.from({ length: 2500 }, (_, n) => client.unary({ text: `${n}` }, { timeoutMs: 60_000 })),
    );
    expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 2500 }, (_, n) => `${n}`));
  });
}
