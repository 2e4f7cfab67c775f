import { describe, expect, test } from "vitest";
import { Code } from "../../src/errors/errors.js";
import type { Registry, Snapshot } from "../../src/registry/registry.js";
import { collect, rpcFailure } from "../support/collect.js";
import { Fleet } from "../support/fleet.js";
import { ManualClock } from "../support/manual-clock.js";

describe("a client that knows of nobody", () => {
  test("waits, and calls the first who comes", async () => {
    await using fleet = new Fleet();
    const client = fleet.client();
    const answers = [client.unary({}), client.unary({}), collect(client.serverStream({ count: 2 }))] as const;
    await fleet.add("echo-1");
    expect((await answers[0]).instance).toBe("echo-1");
    expect((await answers[1]).instance).toBe("echo-1");
    expect(await answers[2]).toHaveLength(2);
  });

  test("waits no longer than its deadline, and says for whom, where, and what can be done", async () => {
    const clock = new ManualClock();
    await using fleet = new Fleet(clock);
    const client = fleet.client();
    const outcome = rpcFailure(client.unary({}, { timeoutMs: 250 }));
    await clock.run(249);
    await clock.run(1);
    const error = await outcome;
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, remote: false, cause: { code: Code.DEADLINE_EXCEEDED } });
    expect(error.message).toMatch(
      /^no instance of "echo" in memory.* \(0 registered\); did it start\? try: hawser list$/,
    );
    expect(clock.pending).toBe(0);
  });

  test("waits five seconds where nobody says otherwise", async () => {
    const clock = new ManualClock();
    await using fleet = new Fleet(clock);
    let over = false;
    const outcome = rpcFailure(fleet.client().unary({})).finally(() => {
      over = true;
    });
    await clock.run(4999);
    expect(over).toBe(false);
    await clock.run(1);
    expect(await outcome).toMatchObject({ code: Code.UNAVAILABLE });
  });

  test("is cancelled while it waits", async () => {
    const clock = new ManualClock();
    await using fleet = new Fleet(clock);
    const controller = new AbortController();
    const outcome = rpcFailure(fleet.client().unary({}, { signal: controller.signal }));
    await clock.run(10);
    controller.abort();
    expect(await outcome).toMatchObject({ code: Code.CANCELLED });
    expect(clock.pending).toBe(0);
  });

  test("is let go when it closes", async () => {
    await using fleet = new Fleet();
    const client = fleet.client();
    const outcome = rpcFailure(client.unary({}, { timeoutMs: 60_000 }));
    await client.close();
    expect(await outcome).toMatchObject({ code: Code.FAILED_PRECONDITION });
    expect((await outcome).message).toContain('the client of "echo" in memory');
    expect((await outcome).message).toContain("is closed");
  });

  test("says how many there are that it cannot reach", async () => {
    await using fleet = new Fleet();
    await fleet.register("echo-1", { endpoints: ["http://10.0.0.1:80"] });
    await fleet.register("echo-2", { endpoints: [] });
    const error = await rpcFailure(fleet.client().unary({}, { timeoutMs: 20 }));
    expect(error.message).toContain("(2 registered, 2 without an endpoint for spy)");
  });

  test("says that the registry is away where it is, or has not answered yet", async () => {
    await using fleet = new Fleet();
    let tell: ((snapshot: Snapshot) => void) | undefined;
    const registry: Registry = {
      ...fleet.registry,
      name: "etcd://10.0.0.1:2379",
      watch: (_service, onSnapshot) => {
        tell = onSnapshot;
        return { close: async () => {}, [Symbol.asyncDispose]: async () => {} };
      },
    };
    const client = fleet.client({ registry } as object);
    const early = await rpcFailure(client.unary({}, { timeoutMs: 20 }));
    expect(early.message).toBe(
      'no instance of "echo" in etcd://10.0.0.1:2379 (the registry has not answered yet); did it start? try: hawser list',
    );
    tell?.({ service: "echo", instances: [], stale: true });
    const error = await rpcFailure(client.unary({}, { timeoutMs: 20 }));
    expect(error.message).toContain(
      'no instance of "echo" in etcd://10.0.0.1:2379 (0 registered, the registry is away)',
    );
  });
});
