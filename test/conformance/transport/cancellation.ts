import { expect } from "vitest";
import type { CallOptions, HandlerCall } from "../../../src/contract/contract.js";
import { Code, RpcError } from "../../../src/errors/errors.js";
import { collect, failure, rpcFailure } from "../../support/collect.js";
import { aborted, Moment } from "../../support/moment.js";
import { everyShape, hanging } from "./hanging.js";
import type { Story } from "./story.js";

/** Requests as a queue gives them: nothing generated, and `return()` is the only word of farewell. */
class Requests implements AsyncIterableIterator<object> {
  readonly returned = new Moment();
  readonly #first: object[];
  #waiting: ((result: IteratorResult<object>) => void) | undefined;

  constructor(...first: object[]) {
    this.#first = first;
  }

  next(): Promise<IteratorResult<object>> {
    const value = this.#first.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<object>> {
    this.returned.now();
    this.#waiting?.({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Giving up, and what it ends. */
export function cancellation(story: Story): void {
  story("a signal that has aborted already keeps a call from beginning", async (stage) => {
    let handled = 0;
    const { client } = await stage.play(hanging(() => handled++));
    for (const call of everyShape(client, Promise.resolve())) {
      const error = await rpcFailure(call({ signal: AbortSignal.abort() }));
      expect(error).toMatchObject({ code: Code.CANCELLED, remote: false });
    }
    expect(handled).toBe(0);
  });

  story("a signal ends a call of any shape, and its handler", async (stage) => {
    let begun = new Moment<HandlerCall>();
    const { client } = await stage.play(hanging((call) => begun.now(call)));
    const stop = new Moment();
    for (const call of everyShape(client, stop.promise)) {
      begun = new Moment();
      const controller = new AbortController();
      const outcome = rpcFailure(call({ signal: controller.signal }));
      const { signal } = await begun.promise;
      expect(signal.aborted).toBe(false);
      const handlerEnded = failure(aborted(signal));
      controller.abort();
      expect(await outcome).toMatchObject({ code: Code.CANCELLED, remote: false, unprocessed: false });
      expect(await handlerEnded).toMatchObject({ code: Code.CANCELLED });
    }
    stop.now();
  });

  story("the reason of an abort is the error of the call, and stays on this side", async (stage) => {
    let begun = new Moment<HandlerCall>();
    const { client } = await stage.play(hanging((call) => begun.now(call)));
    const reason = new RpcError(Code.DEADLINE_EXCEEDED, "the quay closes at six");
    const stop = new Moment();
    for (const call of everyShape(client, stop.promise)) {
      begun = new Moment();
      const controller = new AbortController();
      const outcome = failure(call({ signal: controller.signal }));
      const handlerEnded = failure(aborted((await begun.promise).signal));
      controller.abort(reason);
      expect(await outcome).toBe(reason);
      expect(await handlerEnded).toMatchObject({
        code: Code.CANCELLED,
        message: expect.stringMatching(/cancelled by the caller/),
      });
    }
    stop.now();
  });

  story("a signal that timed out is a deadline", async (stage) => {
    const begun = new Moment();
    const { client } = await stage.play(hanging(() => begun.now()));
    const controller = new AbortController();
    const outcome = failure(client.unary({}, { signal: controller.signal }));
    await begun.promise;
    controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    expect(await outcome).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  story("an abort after the answer changes nothing, for caller or handler", async (stage) => {
    const calls: HandlerCall[] = [];
    const { client } = await stage.play({
      unary: (_request, call) => {
        calls.push(call);
        void call.signal;
        return { text: "done" };
      },
      async *serverStream(_request, call) {
        calls.push(call);
        void call.signal;
        yield {};
      },
    });
    const controller = new AbortController();
    const options = { signal: controller.signal };
    expect((await client.unary({}, options)).text).toBe("done");
    expect(await collect(client.serverStream({}, options))).toHaveLength(1);
    controller.abort();
    await client.unary({});
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
  });

  story("the signal of a handler that failed does not abort either", async (stage) => {
    let signal: AbortSignal | undefined;
    const { client } = await stage.play({
      put: (_request, call) => {
        signal = call.signal;
        throw new RpcError(Code.NOT_FOUND, "no such thing");
      },
    });
    await failure(client.put({}));
    await client.unary({});
    expect(signal?.aborted).toBe(false);
  });

  story("breaking out of a stream of responses ends its handler, finally and all", async (stage) => {
    const over = new Moment<HandlerCall>();
    const endlessly = async function* (call: HandlerCall) {
      try {
        for (let index = 0; ; index++) yield { index };
      } finally {
        over.now(call);
      }
    };
    const { client } = await stage.play({ serverStream: (_request, call) => endlessly(call) });
    for await (const { index } of client.serverStream({})) if (index === 3) break;
    const { signal } = await over.promise;
    expect(signal.aborted).toBe(true);
  });

  story(
    "responses that never wait are made no faster than they are read, and breaking off ends them",
    async (stage) => {
      const over = new Moment<number>();
      const payload = Buffer.alloc(16 * 1024);
      const many = function* () {
        let made = 0;
        try {
          while (made < 5000) yield { payload, index: made++ };
        } finally {
          over.now(made);
        }
      };
      const { client } = await stage.play({ serverStream: many });
      for await (const { index } of client.serverStream({})) if (index === 3) break;
      expect(await over.promise).toBeLessThan(500);
    },
  );

  story("a deadline passes while responses that never wait are made and read", async (stage) => {
    const ended = new Moment<boolean>();
    const endlessly = function* ({ signal }: HandlerCall) {
      try {
        while (!signal.aborted) yield {};
      } finally {
        ended.now(signal.aborted);
      }
    };
    const { client } = await stage.play({ serverStream: (_request, call) => endlessly(call) });
    const read = async () => {
      for await (const _ of client.serverStream({}, { timeoutMs: 100 }));
    };
    expect((await rpcFailure(read())).code).toBe(Code.DEADLINE_EXCEEDED);
    expect(await ended.promise).toBe(true);
  });

  story("breaking out of a bidirectional stream ends both sides, finally and all", async (stage) => {
    const handlerOver = new Moment();
    const requestsOver = new Moment();
    const { client } = await stage.play({
      async *bidi(requests) {
        try {
          for await (const { text } of requests) yield { text };
        } finally {
          handlerOver.now();
        }
      },
    });
    async function* requests() {
      try {
        for (let n = 0; ; n++) yield { text: `${n}` };
      } finally {
        requestsOver.now();
      }
    }
    for await (const { text } of client.bidi(requests())) if (text === "2") break;
    await handlerOver.promise;
    await requestsOver.promise;
  });

  story("a handler that waits for its signal is ended when the reader breaks off", async (stage) => {
    const ended = new Moment<unknown>();
    const { client } = await stage.play({
      async *serverStream(_request, call) {
        yield {};
        ended.now(await failure(aborted(call.signal)));
      },
    });
    for await (const _ of client.serverStream({})) break;
    expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
  });

  story("a reader that leaves before the first response came ends the call too", async (stage) => {
    const begun = new Moment();
    const ended = new Moment<unknown>();
    const { client } = await stage.play({
      // biome-ignore lint/correctness/useYield: it never comes to that
      async *serverStream(_request, call) {
        begun.now();
        ended.now(await failure(aborted(call.signal)));
      },
    });
    const responses = client.serverStream({})[Symbol.asyncIterator]();
    const first = responses.next().catch((error: unknown) => error);
    await begun.promise;
    expect(await responses.return?.()).toEqual({ done: true, value: undefined });
    expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
    await first;
  });

  story("a stream that is left before it was read never begins", async (stage) => {
    let handled = 0;
    const { client } = await stage.play({
      async *serverStream() {
        handled++;
        yield {};
      },
    });
    const responses = client.serverStream({})[Symbol.asyncIterator]();
    await responses.return?.();
    expect(await responses.next()).toEqual({ done: true, value: undefined });
    await client.unary({});
    expect(handled).toBe(0);
  });

  story("a cancelled stream of requests breaks off for the handler: it never looks complete", async (stage) => {
    for (const shape of ["clientStream", "bidi"] as const) {
      const begun = new Moment();
      const seen = new Moment<unknown>();
      const read = async (requests: AsyncIterable<unknown>) => {
        for await (const _ of requests) begun.now();
      };
      const { client } = await stage.play({
        clientStream: async (requests) => {
          seen.now(await read(requests).catch((error: unknown) => error));
          return {};
        },
        async *bidi(requests) {
          seen.now(await read(requests).catch((error: unknown) => error));
          yield {};
        },
      });
      const controller = new AbortController();
      const requests = new Requests({});
      const outcome = failure(client[shape](requests, { signal: controller.signal }));
      await begun.promise;
      controller.abort();
      expect(await outcome).toMatchObject({ code: Code.CANCELLED });
      expect(await seen.promise).toMatchObject({ code: Code.CANCELLED });
      await requests.returned.promise;
    }
  });

  story("a cancelled caller cancels what it caused", async (stage) => {
    const begun = new Moment();
    const ended = new Moment<unknown>();
    const inventory = await stage.play({
      unary: async (_request, call) => {
        begun.now();
        ended.now(await failure(aborted(call.signal)));
        return {};
      },
    });
    const orders = await stage.play({ unary: () => inventory.client.unary({}) });
    const { client } = await stage.play({
      async *serverStream() {
        yield await orders.client.unary({});
      },
    });
    const controller = new AbortController();
    const outcome = failure(client.serverStream({}, { signal: controller.signal }));
    await begun.promise;
    controller.abort();
    expect(await outcome).toMatchObject({ code: Code.CANCELLED });
    expect(await ended.promise).toMatchObject({ code: Code.CANCELLED });
  });

  story("a server that has heard enough answers early, and the caller's generator runs its finally", async (stage) => {
    const over = new Moment();
    const { client } = await stage.play({
      clientStream: async (requests) => {
        for await (const { text } of requests) if (text === "2") break;
        return { text: "enough" };
      },
    });
    async function* requests() {
      try {
        for (let n = 0; ; n++) yield { text: `${n}` };
      } finally {
        over.now();
      }
    }
    expect((await client.clientStream(requests())).text).toBe("enough");
    await over.promise;
  });

  story("a server that answers without reading leaves nobody hanging", async (stage) => {
    const { client } = await stage.play({
      clientStream: () => ({ text: "no need" }),
      async *bidi() {
        yield { text: "no need" };
      },
    });
    const waiting = new Requests({});
    expect((await client.clientStream(waiting)).text).toBe("no need");
    await waiting.returned.promise;
    const other = new Requests({});
    expect((await collect(client.bidi(other))).map(({ text }) => text)).toEqual(["no need"]);
    await other.returned.promise;
  });

  story("a server that fails early ends the stream of requests", async (stage) => {
    const { client } = await stage.play({
      clientStream: async (requests) => {
        for await (const _ of requests) throw new RpcError(Code.RESOURCE_EXHAUSTED, "the hold is full");
        return {};
      },
    });
    const requests = new Requests({});
    expect(await failure(client.clientStream(requests))).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
      message: "the hold is full",
      remote: true,
    });
    await requests.returned.promise;
  });

  story("a stream of requests that has ended by itself is told nothing more", async (stage) => {
    const { client } = await stage.play();
    let told = 0;
    const requests: AsyncIterable<object> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: true, value: undefined }),
        return: async () => {
          told++;
          return { done: true, value: undefined };
        },
      }),
    };
    await client.clientStream(requests);
    await collect(client.bidi(requests));
    await client.unary({});
    expect(told).toBe(0);
  });

  story("a stream of requests that cannot begin ends its call, and says why", async (stage) => {
    const { client } = await stage.play();
    const cause = new Error("no tape");
    const requests = {
      [Symbol.asyncIterator](): AsyncIterator<never> {
        throw cause;
      },
    };
    for (const call of [() => client.clientStream(requests), () => collect(client.bidi(requests))]) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.CANCELLED, remote: false, cause });
      expect(error.message).toContain("the stream of requests failed: no tape");
    }
  });

  story("a stream of requests that fails ends the call on this side, and breaks off for the handler", async (stage) => {
    const cause = new Error("password=hunter2");
    const begun = [new Moment(), new Moment()];
    async function* requests(heard: Moment) {
      yield {};
      await heard.promise;
      throw cause;
    }
    const seen: unknown[] = [];
    const over = [new Moment(), new Moment()];
    const read = async (stream: AsyncIterable<unknown>, which: number) => {
      const first = stream[Symbol.asyncIterator]();
      await first.next();
      begun[which]?.now();
      seen.push(await failure(first.next()));
      over[which]?.now();
    };
    const { client } = await stage.play({
      clientStream: async (stream) => {
        await read(stream, 0);
        return {};
      },
      async *bidi(stream) {
        await read(stream, 1);
        yield {};
      },
    });
    for (const call of [
      () => client.clientStream(requests(begun[0] as Moment)),
      () => client.bidi(requests(begun[1] as Moment)),
    ]) {
      const error = await rpcFailure(call());
      expect(error).toMatchObject({ code: Code.CANCELLED, remote: false, cause });
      expect(error.message).toContain("the stream of requests failed");
    }
    await Promise.all(over.map(({ promise }) => promise));
    for (const error of seen) {
      expect(error).toMatchObject({ code: Code.CANCELLED });
      expect(String((error as Error).message)).not.toContain("hunter2");
      expect((error as Error).cause).toBeUndefined();
    }
  });

  story("a caller's generator that ends its own call gives nothing more, and runs its finally", async (stage) => {
    const { client } = await stage.play({
      clientStream: async (requests) => ({ requests: (await collect(requests)).length }),
      async *bidi(requests) {
        for await (const _ of requests) yield {};
      },
    });
    for (const shape of ["clientStream", "bidi"] as const) {
      for (const wait of [undefined, "async"]) {
        const controller = new AbortController();
        const over = new Moment<number>();
        function* plain() {
          let made = 0;
          try {
            while (made < 100) {
              if (++made === 3) controller.abort();
              yield {};
            }
          } finally {
            over.now(made);
          }
        }
        async function* asynchronous() {
          yield* plain();
        }
        const requests = wait === undefined ? plain() : asynchronous();
        const error = await rpcFailure(client[shape](requests, { signal: controller.signal }));
        expect(error).toMatchObject({ code: Code.CANCELLED, remote: false });
        expect(await over.promise).toBe(3);
      }
    }
  });

  story("a handler's generator that has its own call ended runs its finally", async (stage) => {
    let controller = new AbortController();
    let over = new Moment();
    function* plain() {
      try {
        for (let made = 1; ; made++) {
          if (made === 3) controller.abort();
          yield {};
        }
      } finally {
        over.now();
      }
    }
    async function* asynchronous() {
      yield* plain();
    }
    const { client } = await stage.play({ serverStream: plain, bidi: asynchronous });
    const calls = [
      (options: CallOptions) => client.serverStream({}, options),
      (options: CallOptions) => client.bidi([], options),
    ];
    for (const call of calls) {
      controller = new AbortController();
      over = new Moment();
      const error = await rpcFailure(call({ signal: controller.signal }));
      expect(error).toMatchObject({ code: Code.CANCELLED, remote: false });
      await over.promise;
    }
  });

  story("an RpcError out of a stream of requests is the error of the call", async (stage) => {
    const { client } = await stage.play();
    const reason = new RpcError(Code.DATA_LOSS, "the tape is torn");
    async function* requests() {
      yield {};
      throw reason;
    }
    expect(await failure(client.clientStream(requests()))).toBe(reason);
  });

  story("a handler may end while its caller still sends: later requests go nowhere and harm nobody", async (stage) => {
    const { client } = await stage.play({
      // biome-ignore lint/correctness/useYield: it ends at once
      async *bidi() {
        return;
      },
    });
    async function* requests() {
      for (let n = 0; n < 1000; n++) yield { payload: Buffer.alloc(1024) };
    }
    expect(await collect(client.bidi(requests()))).toEqual([]);
    expect((await client.unary({ text: "well" })).text).toBe("well");
  });

  story("a server that ends its stream early stops the requests, whoever still reads the answers", async (stage) => {
    const ended = new Moment();
    const { client } = await stage.play({
      async *bidi(requests) {
        await requests[Symbol.asyncIterator]().next();
        for (let index = 0; index < 100; index++) yield { index };
        ended.now();
      },
    });
    const turns = async (count: number) => {
      for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    const stopped = new Moment();
    let asked = 0;
    async function* requests() {
      try {
        yield {};
        await ended.promise;
        await turns(50);
        for (; asked < 1_000_000; asked++) yield {};
      } finally {
        stopped.now();
      }
    }
    let read = 0;
    for await (const { index } of client.bidi(requests())) {
      expect(index).toBe(read++);
      await turns(2);
    }
    expect(read).toBe(100);
    await stopped.promise;
    expect(asked).toBeLessThan(10);
  });
}
