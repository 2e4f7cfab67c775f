import { expect } from "vitest";
import type { HandlerCall } from "../../../src/contract/contract.js";
import { Code } from "../../../src/errors/errors.js";
import { collect, failure, rpcFailure } from "../../support/collect.js";
import { ManualClock } from "../../support/manual-clock.js";
import { aborted, Moment } from "../../support/moment.js";
import { everyShape, hanging } from "./hanging.js";
import type { Story } from "./story.js";

/** How long a call may take. Time stands still but for what a story lets pass. */
export function deadlines(story: Story): void {
  story("a call of any shape ends with its deadline, on both sides", async (stage) => {
    const clock = new ManualClock();
    let begun = new Moment<HandlerCall>();
    const { client } = await stage.play(
      hanging((call) => begun.now(call)),
      { clock },
    );
    const stop = new Moment();
    for (const call of everyShape(client, stop.promise)) {
      begun = new Moment();
      const outcome = rpcFailure(call({ timeoutMs: 1000 }));
      const handled = await begun.promise;
      expect(handled.signal.aborted).toBe(false);
      const ended = failure(aborted(handled.signal));
      clock.advance(1000);
      expect(await outcome).toMatchObject({ code: Code.DEADLINE_EXCEEDED, remote: false, unprocessed: false });
      expect((await outcome).message).toContain("hawser.test.v1.EchoService/");
      expect(await ended).toMatchObject({ code: expect.toBeOneOf([Code.DEADLINE_EXCEEDED, Code.CANCELLED]) });
    }
    stop.now();
    expect(clock.pending).toBe(0);
  });

  story("a call does not end before its deadline", async (stage) => {
    const clock = new ManualClock();
    const begun = new Moment();
    const answer = new Moment();
    const { client } = await stage.play(
      {
        unary: async () => {
          begun.now();
          await answer.promise;
          return { text: "in time" };
        },
      },
      { clock },
    );
    const outcome = client.unary({}, { timeoutMs: 1000 });
    await begun.promise;
    clock.advance(999);
    answer.now();
    expect((await outcome).text).toBe("in time");
    expect(clock.pending).toBe(0);
  });

  story("the handler sees the time that is left", async (stage) => {
    const clock = new ManualClock();
    const left: (number | undefined)[] = [];
    const { client } = await stage.play(
      {
        unary: (_request, { deadline }) => {
          left.push(deadline && deadline - clock.now());
          return {};
        },
        async *serverStream(_request, { deadline }) {
          left.push(deadline && deadline - clock.now());
          yield {};
        },
      },
      { clock },
    );
    await client.unary({}, { timeoutMs: 1500 });
    await client.unary({}, { timeoutMs: 0.25 });
    await client.unary({}, { timeoutMs: 3_600_000 });
    await client.unary({}, { deadline: clock.now() + 40 });
    await client.unary({}, { deadline: clock.now() + 40, timeoutMs: 20 });
    expect(left.map((ms) => Math.round((ms ?? 0) * 100) / 100)).toEqual([1500, 0.25, 3_600_000, 40, 20]);
  });

  story("a unary call has five seconds where nobody says otherwise, a stream has for ever", async (stage) => {
    const clock = new ManualClock();
    const left: (number | undefined)[] = [];
    const note = ({ deadline }: HandlerCall) => left.push(deadline && Math.round(deadline - clock.now()));
    const { client } = await stage.play(
      {
        unary: (_request, call) => {
          note(call);
          return {};
        },
        clientStream: (_requests, call) => {
          note(call);
          return {};
        },
        async *serverStream(_request, call) {
          yield {};
          note(call);
        },
        async *bidi(_requests, call) {
          yield {};
          note(call);
        },
      },
      { clock },
    );
    await client.unary({});
    await client.clientStream([]);
    await collect(client.serverStream({}));
    await collect(client.bidi([]));
    await client.unary({}, { timeoutMs: Number.POSITIVE_INFINITY });
    expect(left).toEqual([5000, undefined, undefined, undefined, undefined]);
  });

  story("a call whose time is over before it begins never reaches the handler", async (stage) => {
    const clock = new ManualClock();
    let handled = 0;
    const { client } = await stage.play(
      hanging(() => handled++),
      { clock },
    );
    for (const call of everyShape(client, Promise.resolve())) {
      const error = await rpcFailure(call({ deadline: clock.now() - 1 }));
      expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED, remote: false });
      expect(await failure(call({ timeoutMs: 0 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    }
    expect(handled).toBe(0);
  });

  story("a deadline in the midst of a stream comes after the responses that were in time", async (stage) => {
    const clock = new ManualClock();
    const { client } = await stage.play(
      {
        async *serverStream(_request, call) {
          yield { index: 0 };
          yield { index: 1 };
          await aborted(call.signal);
        },
      },
      { clock },
    );
    const responses = client.serverStream({}, { timeoutMs: 50 })[Symbol.asyncIterator]();
    expect((await responses.next()).value).toMatchObject({ index: 0 });
    expect((await responses.next()).value).toMatchObject({ index: 1 });
    const third = failure(responses.next());
    clock.advance(50);
    expect(await third).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  story("calls made by a handler inherit its deadline, less a margin", async (stage) => {
    const clock = new ManualClock();
    const left: number[] = [];
    const inventory = await stage.play(
      {
        unary: (_request, { deadline }) => {
          left.push(Math.round((deadline ?? Number.NaN) - clock.now()));
          return {};
        },
        async *serverStream(_request, { deadline }) {
          yield {};
          left.push(Math.round((deadline ?? Number.NaN) - clock.now()));
        },
      },
      { clock },
    );
    const { client } = await stage.play(
      {
        unary: async () => {
          await inventory.client.unary({});
          clock.advance(100);
          await inventory.client.unary({});
          await inventory.client.unary({}, { timeoutMs: 20 });
          await inventory.client.unary({}, { timeoutMs: 60_000 });
          await inventory.connect({ deadlineMarginMs: 50 }).unary({});
          await collect(inventory.client.serverStream({}));
          return {};
        },
      },
      { clock },
    );
    await client.unary({}, { timeoutMs: 1000 });
    expect(left).toEqual([995, 895, 20, 895, 850, 895]);
  });

  story("a stream's handler gives its deadline to its calls too, between its responses", async (stage) => {
    const clock = new ManualClock();
    const left: number[] = [];
    const inventory = await stage.play(
      {
        unary: (_request, { deadline }) => {
          left.push(Math.round((deadline ?? Number.NaN) - clock.now()));
          return {};
        },
      },
      { clock },
    );
    const { client } = await stage.play(
      {
        async *serverStream() {
          yield {};
          await inventory.client.unary({});
          yield {};
          clock.advance(10);
          await inventory.client.unary({});
        },
        async *bidi(requests) {
          for await (const _ of requests) yield await inventory.client.unary({});
        },
      },
      { clock },
    );
    await collect(client.serverStream({}, { timeoutMs: 100 }));
    await collect(client.bidi([{}, {}], { timeoutMs: 100 }));
    expect(left).toEqual([95, 85, 95, 95]);
  });

  story("a handler with no time left makes no call", async (stage) => {
    const clock = new ManualClock();
    let reached = 0;
    const inventory = await stage.play({ unary: () => ({ index: ++reached }) }, { clock });
    const nested = new Moment<unknown>();
    const { client } = await stage.play(
      {
        unary: async () => {
          clock.advance(97);
          nested.now(await failure(inventory.client.unary({})));
          return {};
        },
      },
      { clock },
    );
    await client.unary({}, { timeoutMs: 100 });
    expect(await nested.promise).toMatchObject({ code: Code.DEADLINE_EXCEEDED, remote: false });
    expect(reached).toBe(0);
  });

  story("an answer leaves no timer behind, on either side", async (stage) => {
    const clock = new ManualClock();
    const { client } = await stage.play({}, { clock });
    const before = clock.pending;
    await client.unary({}, { timeoutMs: 60_000 });
    await collect(client.serverStream({ count: 2 }, { timeoutMs: 60_000 }));
    await client.clientStream([{}], { timeoutMs: 60_000 });
    await collect(client.bidi([{ count: 1 }], { timeoutMs: 60_000 }));
    await failure(client.unary({ failCode: 5 }, { timeoutMs: 60_000 }));
    expect(clock.pending).toBe(before);
  });
}
