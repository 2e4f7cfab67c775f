import { expect } from "vitest";
import { Code } from "../../../src/errors/errors.js";
import { collect, failure } from "../../support/collect.js";
import { memoryInUse } from "../../support/memory-in-use.js";
import { aborted, Moment } from "../../support/moment.js";
import type { Story } from "./story.js";
import { untilStill } from "./until-still.js";

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
/** How far a writer may run ahead of a reader who stands still: windows and buffers of both sides, generously. */
const maxAheadBytes = 2 * mebibyte;

/** A slow reader slows the writer. */
export function backpressure(story: Story): void {
  story("a reader who stands still stops the server's stream", async (stage) => {
    const payload = Buffer.alloc(16 * kibibyte);
    let produced = 0;
    const { client } = await stage.play({
      async *serverStream() {
        for (; produced < 10_000; produced++) yield { payload };
      },
    });
    const responses = client.serverStream({})[Symbol.asyncIterator]();
    await responses.next();
    const ahead = await untilStill(() => produced);
    expect(ahead * payload.length).toBeLessThan(maxAheadBytes);
    for (let read = 0; read < 200; read++) await responses.next();
    expect(produced).toBeGreaterThanOrEqual(200);
    await responses.return?.();
  });

  story("a handler that stands still stops the caller's stream", async (stage) => {
    const payload = Buffer.alloc(16 * kibibyte);
    const begun = new Moment();
    const goOn = new Moment();
    const { client } = await stage.play({
      clientStream: async (requests) => {
        let count = 0;
        for await (const _ of requests) {
          if (++count === 1) {
            begun.now();
            await goOn.promise;
          }
        }
        return { requests: count };
      },
    });
    let produced = 0;
    async function* requests() {
      for (; produced < 1000; produced++) yield { payload };
    }
    const answer = client.clientStream(requests());
    await begun.promise;
    expect((await untilStill(() => produced)) * payload.length).toBeLessThan(maxAheadBytes);
    goOn.now();
    expect((await answer).requests).toBe(1000);
  });

  story("in a bidirectional stream each direction holds its own writer back", async (stage) => {
    const payload = Buffer.alloc(16 * kibibyte);
    let answered = 0;
    const { client } = await stage.play({
      async *bidi(requests) {
        for await (const request of requests) {
          answered++;
          yield { payload: request.payload };
        }
      },
    });
    let asked = 0;
    async function* requests() {
      for (; asked < 1000; asked++) yield { payload };
    }
    const responses = client.bidi(requests())[Symbol.asyncIterator]();
    await responses.next();
    await untilStill(() => asked + answered);
    expect(answered * payload.length).toBeLessThan(maxAheadBytes);
    expect((asked - answered) * payload.length).toBeLessThan(maxAheadBytes);
    let read = 1;
    while ((await responses.next()).done !== true) read++;
    expect(read).toBe(1000);
  });

  story("readers who stand still do not hold up the other calls of their connection", async (stage) => {
    const payload = Buffer.alloc(16 * kibibyte);
    let produced = 0;
    const { client } = await stage.play({
      async *serverStream() {
        for (;;) {
          produced++;
          yield { payload };
        }
      },
    });
    const stalled = Array.from({ length: 5 }, () => client.serverStream({})[Symbol.asyncIterator]());
    for (const responses of stalled) await responses.next();
    await untilStill(() => produced);
    const answer = await client.unary({ responseBytes: mebibyte }, { timeoutMs: 3000 });
    expect(answer.payload).toHaveLength(mebibyte);
    for (const responses of stalled) await responses.return?.();
  });

  story("handlers that stand still do not hold up the other calls of their connection", async (stage) => {
    const payload = Buffer.alloc(16 * kibibyte);
    let begun = 0;
    const goOn = new Moment();
    const { client } = await stage.play({
      clientStream: async (requests) => {
        begun++;
        await goOn.promise;
        return { requests: (await collect(requests)).length };
      },
    });
    let produced = 0;
    async function* requests() {
      for (let n = 0; n < 100; n++) {
        produced++;
        yield { payload };
      }
    }
    const stalled = Array.from({ length: 5 }, () => client.clientStream(requests()));
    await untilStill(() => produced + begun);
    const answer = await client.unary({ payload: Buffer.alloc(mebibyte) }, { timeoutMs: 3000 });
    expect(answer.payload).toHaveLength(mebibyte);
    goOn.now();
    expect((await Promise.all(stalled)).map(({ requests: count }) => count)).toEqual([100, 100, 100, 100, 100]);
  });

  story("memory stays flat over 20,000 messages of 16 KiB, either way", async (stage) => {
    const payload = Buffer.alloc(16 * kibibyte);
    const total = 20_000;
    const peaks = { before: 0, during: 0 };
    const look = async (count: number) => {
      if (count === 2000) peaks.before = await memoryInUse();
      else if (count % 6000 === 0) peaks.during = Math.max(peaks.during, await memoryInUse());
    };
    const { client } = await stage.play({
      async *serverStream() {
        for (let n = 0; n < total; n++) yield { payload };
      },
      clientStream: async (requests) => {
        let count = 0;
        for await (const _ of requests) await look(++count);
        return { requests: count };
      },
    });
    let received = 0;
    for await (const _ of client.serverStream({})) await look(++received);
    expect(received).toBe(total);
    expect(peaks.during - peaks.before).toBeLessThan(16 * mebibyte);
    async function* requests() {
      for (let n = 0; n < total; n++) yield { payload };
    }
    expect((await client.clientStream(requests())).requests).toBe(total);
    expect(peaks.during - peaks.before).toBeLessThan(16 * mebibyte);
  });

  story("a writer that waits for its reader is let go when the call ends", async (stage) => {
    const payload = Buffer.alloc(64 * kibibyte);
    const over = new Moment();
    let produced = 0;
    const { client } = await stage.play({
      async *serverStream() {
        try {
          for (;;) {
            produced++;
            yield { payload };
          }
        } finally {
          over.now();
        }
      },
    });
    const controller = new AbortController();
    const responses = client.serverStream({}, { signal: controller.signal })[Symbol.asyncIterator]();
    await responses.next();
    await untilStill(() => produced);
    controller.abort();
    await over.promise;
    let error: unknown;
    while (error === undefined)
      error = await responses.next().then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toMatchObject({ code: Code.CANCELLED });
  });

  story("a caller's generator that waits for the handler is let go when the call ends", async (stage) => {
    const payload = Buffer.alloc(64 * kibibyte);
    const over = new Moment();
    const begun = new Moment();
    const { client } = await stage.play({
      clientStream: async (requests, call) => {
        for await (const _ of requests) {
          begun.now();
          await aborted(call.signal);
        }
        return {};
      },
    });
    let produced = 0;
    async function* requests() {
      try {
        for (;;) {
          produced++;
          yield { payload };
        }
      } finally {
        over.now();
      }
    }
    const controller = new AbortController();
    const answer = failure(client.clientStream(requests(), { signal: controller.signal }));
    await begun.promise;
    await untilStill(() => produced);
    controller.abort();
    expect(await answer).toMatchObject({ code: Code.CANCELLED });
    await over.promise;
  });
}
