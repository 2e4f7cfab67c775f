import { describe, expect, it } from "vitest";
import { Code, RpcError } from "../../src/errors/errors.js";
import { type ManualClock, manualClock, type TestApp, testApp } from "../../src/testing/testing.js";
import { collect, failure, rpcFailure } from "../support/collect.js";
import { harbour, pier } from "./harbour.js";

type Pier = TestApp<typeof pier>;

/** What the ledger has in it. */
async function entries(app: Pier): Promise<number> {
  return (await app.client("ledger").unary({ text: "count" })).index - 1;
}

describe("an injected error", () => {
  it("reaches the caller instead of an answer, and the handler sees nothing", async () => {
    await using app = await testApp(pier, {
      faults: [{ to: "ledger", method: "unary", error: Code.NOT_FOUND, times: 1 }],
    });

    const error = await rpcFailure(app.client("desk").unary({ text: "tar" }));
    expect(error.code).toBe(Code.NOT_FOUND);
    expect(await entries(app)).toBe(0);
    expect(app.callsTo("ledger")[0]).toMatchObject({ from: "desk", faulty: true, code: Code.NOT_FOUND });
  });

  it("may be a whole error", async () => {
    await using app = await testApp(pier);
    app.inject({ to: "ledger", error: new RpcError(Code.ABORTED, "the ink is wet") });

    expect((await rpcFailure(app.client("ledger").unary({}))).message).toBe("the ink is wet");
  });

  it("is repeated where the contract says that it may be", async () => {
    await using app = await testApp(pier);
    const fault = app.inject({ to: "ledger", error: Code.UNAVAILABLE, times: 1 });

    expect(await app.client("desk").put({ text: "tar" })).toMatchObject({ index: 1 });
    expect(fault.hits).toBe(1);
    expect(app.callTree()).toBe(
      ["test → desk.put", "  desk → ledger.put UNAVAILABLE (injected)", "  desk → ledger.put attempt 2"].join("\n"),
    );
  });

  it("is not repeated where the contract says nothing", async () => {
    await using app = await testApp(pier);
    app.inject({ from: "desk", error: Code.UNAVAILABLE, times: 1 });

    await rpcFailure(app.client("desk").unary({ text: "tar" }));
    expect(app.callsTo("ledger")).toHaveLength(1);
  });
});

describe("an injected delay", () => {
  it("holds a call up by the app's clock", async () => {
    const clock = manualClock();
    await using app = await testApp(pier, { clock, faults: [{ to: "ledger", delayMs: 700 }] });

    const pending = app.client("desk").unary({ text: "tar" });
    await clock.advance(699);
    expect(app.callsTo("ledger")).toMatchObject([{ code: undefined }]);
    await clock.advance(1);
    expect((await pending).text).toBe("tar");
    expect(app.callsTo("ledger")).toMatchObject([{ durationMs: 700 }]);
  });

  it("ends at the deadline, and the handler sees nothing", async () => {
    const clock = manualClock();
    await using app = await testApp(pier, { clock });
    using _ = app.inject({ from: "desk", to: "ledger", delayMs: 10_000 });

    const pending = rpcFailure(app.client("desk").unary({ text: "tar" }, { timeoutMs: 1_000 }));
    await clock.advance(1_000);
    expect((await pending).code).toBe(Code.DEADLINE_EXCEEDED);
    expect(await entries(app)).toBe(0);
  });

  it("ends where the caller gives up", async () => {
    await using app = await testApp(pier, { faults: [{ to: "desk", delayMs: 3_600_000 }] });
    const giveUp = new AbortController();

    const pending = rpcFailure(app.client("desk").unary({}, { signal: giveUp.signal }));
    await expect.poll(() => app.calls).toHaveLength(1);
    giveUp.abort();
    expect((await pending).code).toBe(Code.CANCELLED);
  });
});

describe("a lost message", () => {
  async function lost(clock: ManualClock, app: Pier): Promise<RpcError> {
    const pending = rpcFailure(app.client("desk").unary({ text: "tar" }, { timeoutMs: 1_000 }));
    await clock.advance(1_000);
    return pending;
  }

  it("that was the request leaves the handler alone, and the caller waiting for its deadline", async () => {
    const clock = manualClock();
    await using app = await testApp(pier, { clock });
    const fault = app.inject({ to: "ledger", drop: "request" });

    expect((await lost(clock, app)).code).toBe(Code.DEADLINE_EXCEEDED);
    fault.remove();
    expect(await entries(app)).toBe(0);
  });

  it("that was the response leaves the work done, and the caller waiting for its deadline", async () => {
    const clock = manualClock();
    await using app = await testApp(pier, { clock });
    const fault = app.inject({ to: "ledger", drop: "response" });

    expect((await lost(clock, app)).code).toBe(Code.DEADLINE_EXCEEDED);
    fault.remove();
    expect(await entries(app)).toBe(1);
  });

  it("with an error is a connection that broke too late: what may be repeated is done twice", async () => {
    await using app = await testApp(pier);
    app.inject({ to: "ledger", drop: "response", error: Code.UNAVAILABLE, times: 1 });

    expect(await app.client("desk").put({ text: "tar" })).toMatchObject({ index: 1 });
    expect(app.callsTo("ledger", "put")).toMatchObject([
      { attempt: 1, code: 14 },
      { attempt: 2, code: 0 },
    ]);
  });

  it("may be a stream: its handler has given all it had", async () => {
    await using app = await testApp(pier);
    app.inject({ from: "desk", drop: "response", error: Code.UNAVAILABLE });

    expect(await rpcFailure(app.client("desk").serverStream({ count: 3 }))).toMatchObject({ code: Code.UNAVAILABLE });
    expect(app.callsTo("ledger")).toMatchObject([{ response: [] }]);
  });
});

describe("a duplicate", () => {
  it("is carried out twice, and the caller gets the first answer", async () => {
    await using app = await testApp(pier, { faults: [{ to: "ledger", method: "unary", duplicate: true, times: 1 }] });

    expect(await app.client("desk").unary({ text: "tar" })).toMatchObject({ index: 1 });
    expect(await entries(app)).toBe(2);
  });

  it("of a call that fails gives the first failure", async () => {
    let failures = 0;
    await using app = await testApp(pier, {
      replace: {
        ledger: {
          unary: () => {
            throw new RpcError(Code.ABORTED, `failure ${++failures}`);
          },
        },
      },
      faults: [{ to: "ledger", duplicate: true }],
    });

    expect((await rpcFailure(app.client("desk").unary({}))).message).toBe("failure 1");
    expect(failures).toBe(2);
  });

  it("of a stream comes when the first was read to its end", async () => {
    const read: number[] = [];
    await using app = await testApp(pier, {
      replace: {
        ledger: {
          async *serverStream({ count }) {
            for (let index = 0; index < count; index++) yield { index: read.push(index) };
          },
        },
      },
      faults: [{ to: "ledger", duplicate: true }],
    });

    const stream = app.client("desk").serverStream({ count: 2 });
    expect((await collect(stream)).map(({ index }) => index)).toEqual([1, 2]);
    expect(read).toEqual([0, 1, 0, 1]);
  });

  it("is none where requests are a stream", async () => {
    await using app = await testApp(pier, { faults: [{ duplicate: true }] });

    const { requests } = await app.client("desk").clientStream([{}, {}]);
    expect(requests).toBe(2);
    expect(app.callsTo("ledger", "clientStream")).toMatchObject([{ faulty: false }]);
  });
});

describe("a stream that breaks", () => {
  it("has given what it gave before", async () => {
    await using app = await testApp(pier);
    app.inject({ to: "ledger", error: Code.UNAVAILABLE, afterMessages: 2 });

    const seen: number[] = [];
    const reading = async () => {
      for await (const { index } of app.client("desk").serverStream({ count: 5 })) seen.push(index);
    };
    expect(await failure(reading())).toMatchObject({ code: Code.UNAVAILABLE });
    expect(seen).toEqual([0, 1]);
    expect(app.callsTo("ledger")).toMatchObject([{ code: 14, response: [{ index: 0 }, { index: 1 }] }]);
  });

  it("may fall silent", async () => {
    const clock = manualClock();
    await using app = await testApp(pier, { clock, faults: [{ to: "ledger", drop: "response", afterMessages: 1 }] });

    const stream = app.client("desk").serverStream({ count: 5 }, { timeoutMs: 1_000 })[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ index: 0 });
    const second = rpcFailure(stream.next());
    await clock.advance(1_000);
    expect((await second).code).toBe(Code.DEADLINE_EXCEEDED);
  });

  it("leaves calls with one answer alone", async () => {
    await using app = await testApp(pier, { faults: [{ error: Code.UNAVAILABLE, afterMessages: 0 }] });
    expect((await app.client("desk").unary({ text: "tar" })).text).toBe("tar");
  });
});

describe("several faults", () => {
  it("meet a call one inside the other, the first injected outermost", async () => {
    const clock = manualClock();
    await using app = await testApp(pier, {
      clock,
      faults: [
        { to: "ledger", delayMs: 100 },
        { to: "ledger", error: Code.ABORTED },
      ],
    });

    const pending = rpcFailure(app.client("ledger").unary({}));
    await clock.advance(100);
    expect((await pending).code).toBe(Code.ABORTED);
    expect(app.calls).toMatchObject([{ durationMs: 100 }]);
  });

  it("strike by the seed, so that a failure can be had again", async () => {
    const struck = async (seed: number) => {
      await using app = await testApp(pier, {
        seed,
        faults: [{ to: "ledger", error: Code.ABORTED, probability: 0.3 }],
      });
      const { unary } = app.client("ledger");
      const outcomes: boolean[] = [];
      for (let call = 0; call < 40; call++)
        outcomes.push(
          await unary({}).then(
            () => false,
            () => true,
          ),
        );
      return outcomes;
    };

    expect(await struck(7)).toEqual(await struck(7));
    expect(await struck(7)).not.toEqual(await struck(8));
    expect((await struck(7)).filter(Boolean).length).toBeGreaterThan(2);
  });

  it("end where they are removed, and where a block ends that uses them", async () => {
    await using app = await testApp(pier);
    const { unary } = app.client("ledger");
    const fault = app.inject({ to: "ledger", error: Code.ABORTED });
    await failure(unary({}));
    fault.remove();
    {
      using second = app.inject({ to: "ledger", error: Code.ABORTED });
      await failure(unary({}));
      expect([fault.hits, second.hits]).toEqual([1, 1]);
    }
    expect(await unary({ text: "tar" })).toMatchObject({ index: 1 });
  });

  it.each([
    [
      "from nobody",
      { from: "dock", delayMs: 1 },
      'fault: from: nobody here is called "dock" (there are: test, ledger, desk)',
    ],
    ["to nobody", { to: "dock", delayMs: 1 }, 'fault: nobody here is called "dock" (there are: ledger, desk)'],
    [
      "of no method",
      { to: "desk", method: "unray", delayMs: 1 },
      'fault: desk has no method "unray" (there are: unary, read,',
    ],
    ["that is none", { to: "desk" }, "fault: expected at least one of delayMs, error, drop, duplicate"],
    ["of no code", { error: 17 }, "fault: error: expected a Code that is no OK, was 17"],
    ["of success", { error: 0 }, "fault: error: expected a Code that is no OK, was 0"],
    ["of a lost question", { drop: "question" }, 'fault: drop: expected "request" or "response", was "question"'],
    ["of a lost request with an error", { drop: "request", error: 14 }, "fault: a dropped request gets no error"],
    ["of two kinds", { duplicate: true, error: 14 }, "fault: duplicate stands for itself"],
    ["of a stream, without a kind", { afterMessages: 1, delayMs: 1 }, "fault: afterMessages goes with error or drop"],
    [
      "of a stream, where none is",
      { to: "desk", method: "unary", error: 14, afterMessages: 1 },
      "fault: afterMessages is for streams of responses, and desk.unary has none",
    ],
    [
      "of two streams of requests",
      { to: "desk", method: "bidi", duplicate: true },
      "fault: desk.bidi takes a stream of requests",
    ],
    ["of a time before", { delayMs: -1 }, "fault: delayMs: must be 0 or more, was -1"],
    [
      "of half a message",
      { error: 14, afterMessages: 0.5 },
      "fault: afterMessages: must be a whole number from 0, was 0.5",
    ],
    ["of no times", { error: 14, times: 0 }, "fault: times: must be a whole number above 0, was 0"],
    ["more often than always", { error: 14, probability: 2 }, "fault: probability: must be above 0 and up to 1, was 2"],
  ])("refuse one %s", async (_, fault, message) => {
    await using app = await testApp(pier);
    expect(() => app.inject(fault as never)).toThrow(message);
    await expect(testApp(harbour, { only: ["desk", "ledger"], faults: [fault as never] })).rejects.toThrow(message);
  });
});
