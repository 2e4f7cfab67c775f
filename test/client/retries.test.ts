import { describe, expect, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import { RetryBudget } from "../../src/middleware/middleware.js";
import { collect, failure, rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition } from "../support/echo.js";
import { Fleet } from "../support/fleet.js";
import { ManualClock } from "../support/manual-clock.js";

const away = () => {
  throw new RpcError(Code.UNAVAILABLE, "the shelves are being moved");
};

/** Three instances, of which the first two are gone without anybody having noticed. */
async function twoOfThreeGone(fleet: Fleet): Promise<void> {
  await fleet.register("echo-1");
  await fleet.register("echo-2");
  await fleet.add("echo-3");
}

const ids = (fleet: Fleet) => fleet.picked.map(({ id }) => id);

describe("a call that no handler saw", () => {
  test("goes on to the next instance by itself, whatever its contract says of repeating", async () => {
    await using fleet = new Fleet();
    await twoOfThreeGone(fleet);
    const client = fleet.client();
    expect((await client.unary({})).instance).toBe("echo-3");
    expect(ids(fleet)).toEqual(["echo-1", "echo-2", "echo-3"]);
  });

  test("goes on in every shape, with its stream of requests untouched until then", async () => {
    await using fleet = new Fleet();
    await fleet.register("echo-1");
    await fleet.add("echo-2");
    const requests = function* () {
      yield { text: "a", count: 1 };
      yield { text: "b", count: 1 };
    };
    expect((await fleet.client().clientStream(requests())).requests).toBe(2);
    expect((await collect(fleet.client().bidi(requests()))).map(({ text }) => text)).toEqual(["a", "b"]);
    expect(await collect(fleet.client().serverStream({ count: 2 }))).toHaveLength(2);
    expect(ids(fleet)).toEqual(["echo-1", "echo-2", "echo-1", "echo-2", "echo-1", "echo-2"]);
  });

  test("goes on from an instance that drains", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1");
    await fleet.add("echo-2");
    const client = fleet.client();
    await client.unary({});
    fleet.drain("echo-1");
    expect((await client.unary({})).instance).toBe("echo-2");
  });

  test("goes on at once and at no cost to the budget", async () => {
    const clock = new ManualClock();
    await using fleet = new Fleet(clock);
    await twoOfThreeGone(fleet);
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0, clock });
    const client = fleet.client({ retry: { budget } });
    expect((await client.unary({})).instance).toBe("echo-3");
  });

  test("fails where nobody is there, in the end, and names one who is not", async () => {
    await using fleet = new Fleet();
    await fleet.register("echo-1");
    await fleet.register("echo-2");
    const error = await rpcFailure(fleet.client().unary({}));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, remote: false });
    expect(error.message).toMatch(/memory:\/\/echo-[12]/);
  });

  test("stays where it is with retry: false", async () => {
    await using fleet = new Fleet();
    await twoOfThreeGone(fleet);
    expect(await failure(fleet.client({ retry: false }).unary({}))).toMatchObject({ unprocessed: true });
    expect(ids(fleet)).toEqual(["echo-1"]);
  });
});

describe("a call that a handler saw", () => {
  test("is repeated on another instance where its contract says that it may be", async () => {
    for (const method of ["read", "put"] as const) {
      await using fleet = new Fleet();
      await fleet.add("echo-1", { [method]: away });
      await fleet.add("echo-2", { [method]: away });
      await fleet.add("echo-3");
      expect((await fleet.client()[method]({})).instance).toBe("echo-3");
      expect(ids(fleet)).toEqual(["echo-1", "echo-2", "echo-3"]);
    }
  });

  test("is not repeated where nothing is known of repeating it", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1", { unary: away });
    await fleet.add("echo-2");
    expect(await failure(fleet.client().unary({}))).toMatchObject({ message: "the shelves are being moved" });
    expect(ids(fleet)).toEqual(["echo-1"]);
  });

  test("is made three times at most", async () => {
    await using fleet = new Fleet();
    for (const id of ["echo-1", "echo-2", "echo-3", "echo-4"]) await fleet.add(id, { read: away });
    expect(await failure(fleet.client().read({}))).toMatchObject({ code: Code.UNAVAILABLE, remote: true });
    expect(ids(fleet)).toEqual(["echo-1", "echo-2", "echo-3"]);
  });

  test("is made as often as asked", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1", { read: away });
    await failure(fleet.client({ retry: { maxAttempts: 5, initialBackoffMs: 1 } }).read({}));
    expect(ids(fleet)).toHaveLength(5);
    fleet.picked.length = 0;
    await failure(fleet.client({ retry: { maxAttempts: 1 } }).read({}));
    expect(ids(fleet)).toHaveLength(1);
  });

  test.each([
    Code.CANCELLED,
    Code.UNKNOWN,
    Code.INVALID_ARGUMENT,
    Code.DEADLINE_EXCEEDED,
    Code.NOT_FOUND,
    Code.ALREADY_EXISTS,
    Code.PERMISSION_DENIED,
    Code.RESOURCE_EXHAUSTED,
    Code.FAILED_PRECONDITION,
    Code.ABORTED,
    Code.OUT_OF_RANGE,
    Code.UNIMPLEMENTED,
    Code.INTERNAL,
    Code.DATA_LOSS,
    Code.UNAUTHENTICATED,
  ])("that failed with code %d is not repeated: only UNAVAILABLE is", async (code) => {
    await using fleet = new Fleet();
    await fleet.add("echo-1", {
      read: () => {
        throw new RpcError(code, "no");
      },
    });
    await fleet.add("echo-2");
    expect(await failure(fleet.client().read({}))).toMatchObject({ code, message: "no" });
    expect(ids(fleet)).toEqual(["echo-1"]);
  });

  test("waits before it is repeated: up to 25 ms, then up to 50 ms, at random", async () => {
    const clock = new ManualClock();
    await using fleet = new Fleet(clock);
    await fleet.add("echo-1", { read: away });
    const client = fleet.client({ retry: { random: () => 0.5 } });
    const outcome = failure(client.read({}));
    await clock.run(12);
    expect(ids(fleet)).toHaveLength(1);
    await clock.run(0.5);
    expect(ids(fleet)).toHaveLength(2);
    await clock.run(24.9);
    expect(ids(fleet)).toHaveLength(2);
    await clock.run(0.1);
    expect(ids(fleet)).toHaveLength(3);
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
    expect(clock.pending).toBe(0);
  });

  test("is not repeated where its deadline would pass meanwhile", async () => {
    const clock = new ManualClock();
    await using fleet = new Fleet(clock);
    await fleet.add("echo-1", { read: away });
    const client = fleet.client({ retry: { random: () => 1 } });
    expect(await failure(client.read({}, { timeoutMs: 25 }))).toMatchObject({
      code: Code.UNAVAILABLE,
      message: "the shelves are being moved",
    });
    expect(ids(fleet)).toHaveLength(1);
  });

  test("is given up by its signal while it waits", async () => {
    const clock = new ManualClock();
    await using fleet = new Fleet(clock);
    let handled = 0;
    await fleet.add("echo-1", {
      read: () => {
        handled++;
        return away();
      },
    });
    const controller = new AbortController();
    const outcome = failure(fleet.client().read({}, { signal: controller.signal }));
    await clock.run(0);
    controller.abort();
    expect(await outcome).toMatchObject({ code: Code.CANCELLED });
    expect(handled).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("is repeated only as the budget allows: a fifth of the calls, and ten a second", async () => {
    const clock = new ManualClock();
    await using fleet = new Fleet(clock);
    await fleet.add("echo-1", { read: away });
    const budget = new RetryBudget({ clock, minPerSecond: 1 });
    const client = fleet.client({ retry: { budget, maxAttempts: 2 } });
    for (let call = 0; call < 100; call++) {
      const outcome = failure(client.read({}));
      await clock.run(25);
      await outcome;
    }
    expect(ids(fleet).length).toBe(100 + 0.2 * 100 + 10);
  });

  test("a stream whose answer has begun is not repeated", async () => {
    await using fleet = new Fleet();
    const { methods } = EchoServiceDefinition;
    const definition = {
      ...EchoServiceDefinition,
      methods: {
        serverStream: { ...methods.serverStream, options: { idempotencyLevel: "IDEMPOTENT" } },
        clientStream: { ...methods.clientStream, options: { idempotencyLevel: "IDEMPOTENT" } },
      },
    } as const;
    let begun = 0;
    await fleet.add("echo-1", {
      async *serverStream({ count }) {
        begun++;
        if (count > 0) yield {};
        away();
      },
      clientStream: async (requests) => {
        begun++;
        await collect(requests);
        return away();
      },
    });
    await using client = createClient(definition, { transport: fleet.transport, target: "memory://echo-1" });
    expect(await failure(client.serverStream({ count: 1 }))).toMatchObject({ code: Code.UNAVAILABLE });
    expect(begun).toBe(1);
    begun = 0;
    expect(await failure(client.serverStream({ count: 0 }))).toMatchObject({ code: Code.UNAVAILABLE });
    expect(begun).toBe(3);
    begun = 0;
    expect(await failure(client.clientStream([{}]))).toMatchObject({ code: Code.UNAVAILABLE });
    expect(begun).toBe(1);
  });
});
