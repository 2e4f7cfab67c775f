import { describe, expect, test } from "vitest";
import { Code } from "../../src/errors/errors.js";
import { failure, rpcFailure } from "../support/collect.js";
import { eventually } from "../support/eventually.js";
import { Fleet } from "../support/fleet.js";
import { Moment } from "../support/moment.js";

/** Calls until somebody else answers; registries tell of changes in their own time. */
async function untilAnsweredBy(call: () => Promise<{ instance: string }>, instance: string): Promise<void> {
  await eventually(async () => expect((await call()).instance).toBe(instance));
}

describe("the instances of a client", () => {
  test("a channel is opened when its instance is first called, and once", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1");
    await fleet.add("echo-2");
    const client = fleet.client();
    expect(fleet.transport.opened).toEqual([]);
    for (let times = 0; times < 3; times++) await client.unary({});
    expect(fleet.transport.opened).toEqual(["memory://echo-1"]);
  });

  test("a channel is kept when its instance changes, and closed when it leaves", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1");
    const client = fleet.client();
    await client.unary({});
    await fleet.update("echo-1", { weight: 7, metadata: { team: "quay" } });
    await client.unary({});
    expect(fleet.transport.opened).toEqual(["memory://echo-1"]);
    expect(fleet.transport.closed).toEqual([]);
    await fleet.add("echo-2");
    await fleet.deregister("echo-1");
    await untilAnsweredBy(() => client.unary({}), "echo-2");
    expect(fleet.transport.closed).toEqual(["memory://echo-1"]);
  });

  test("an instance that moves has a new channel", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1");
    await fleet.serve("elsewhere");
    const client = fleet.client();
    await client.unary({});
    await fleet.update("echo-1", { endpoints: ["memory://elsewhere"] });
    await untilAnsweredBy(() => client.unary({}), "elsewhere");
    expect(fleet.transport.opened).toEqual(["memory://echo-1", "memory://elsewhere"]);
    expect(fleet.transport.closed).toEqual(["memory://echo-1"]);
  });

  test("the best of an instance's endpoints that the transport knows is taken", async () => {
    await using fleet = new Fleet();
    await fleet.serve("echo-1");
    await fleet.register("echo-1", { endpoints: ["http://10.0.0.1:80", "memory://echo-1", "memory://second"] });
    await fleet.client().unary({});
    expect(fleet.transport.opened).toEqual(["memory://echo-1"]);
  });

  test("a call that runs on an instance that leaves is finished", async () => {
    await using fleet = new Fleet();
    const begun = new Moment();
    const release = new Moment();
    await fleet.add("echo-1", {
      put: async () => {
        begun.now();
        await release.promise;
        return { instance: "echo-1" };
      },
    });
    await fleet.add("echo-2");
    const client = fleet.client();
    const answer = client.put({});
    await begun.promise;
    await fleet.deregister("echo-1");
    await untilAnsweredBy(() => client.unary({}), "echo-2");
    release.now();
    expect((await answer).instance).toBe("echo-1");
  });

  test("the draining are not called, the starting only where nobody serves", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1", {}, { state: "draining" });
    await fleet.add("echo-2", {}, { state: "starting" });
    const client = fleet.client();
    expect((await client.unary({})).instance).toBe("echo-2");
    await fleet.add("echo-3", {}, { state: "serving" });
    await untilAnsweredBy(() => client.unary({}), "echo-3");
    await fleet.update("echo-3", { state: "draining" });
    await untilAnsweredBy(() => client.unary({}), "echo-2");
  });

  test("where all are draining, nobody is there", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1", {}, { state: "draining" });
    const error = await rpcFailure(fleet.client().unary({}, { timeoutMs: 20 }));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE });
    expect(error.message).toContain("(1 registered)");
  });

  test("an instance whose connection broke is not picked again until it answers", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1");
    await fleet.add("echo-2");
    const client = fleet.client();
    expect((await client.unary({})).instance).toBe("echo-1");
    await fleet.kill("echo-1");
    for (let times = 0; times < 5; times++) expect((await client.unary({})).instance).toBe("echo-2");
    expect(fleet.picked.map(({ id }) => id)).toEqual(["echo-1", ...Array(5).fill("echo-2")]);
    await fleet.serve("echo-1");
    expect((await client.unary({})).instance).toBe("echo-1");
  });

  test("where all connections are broken, each is still tried", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1");
    await fleet.add("echo-2");
    const client = fleet.client();
    await client.unary({});
    await fleet.kill("echo-1");
    await fleet.kill("echo-2");
    fleet.picked.length = 0;
    expect(await failure(client.unary({}))).toMatchObject({ code: Code.UNAVAILABLE });
    expect(new Set(fleet.picked.map(({ id }) => id))).toEqual(new Set(["echo-1", "echo-2"]));
    await fleet.serve("echo-2");
    expect((await client.unary({})).instance).toBe("echo-2");
  });

  test("closing closes every channel, stops following the registry, and waits for what runs", async () => {
    await using fleet = new Fleet();
    const begun = new Moment();
    const release = new Moment();
    await fleet.add("echo-1", {
      put: async () => {
        begun.now();
        await release.promise;
        return { instance: "echo-1" };
      },
    });
    const client = fleet.client();
    const answer = client.put({});
    await begun.promise;
    let closed = false;
    const closing = client.close().then(() => {
      closed = true;
    });
    expect(await rpcFailure(client.unary({}))).toMatchObject({ code: Code.FAILED_PRECONDITION });
    expect(closed).toBe(false);
    release.now();
    expect((await answer).instance).toBe("echo-1");
    await closing;
    await fleet.add("echo-2");
    expect(fleet.transport.opened).toEqual(["memory://echo-1"]);
    expect(fleet.transport.closed).toEqual(["memory://echo-1"]);
  });

  test("the selector is told what came of every pick, once", async () => {
    await using fleet = new Fleet();
    await fleet.add("echo-1");
    const client = fleet.client();
    await client.unary({});
    await failure(client.serverStream({ failCode: Code.NOT_FOUND }));
    await failure(client.clientStream([{ failCode: Code.INTERNAL }]));
    for await (const _ of client.serverStream({ count: 3 })) break;
    await failure(client.serverStream({ count: 1, failCode: Code.ABORTED }));
    const started = client.serverStream({ count: 2 })[Symbol.asyncIterator]();
    await started.next();
    expect(fleet.picked.map(({ outcome }) => outcome?.code)).toEqual([
      Code.OK,
      Code.NOT_FOUND,
      Code.INTERNAL,
      Code.CANCELLED,
      Code.ABORTED,
      undefined,
    ]);
    expect(fleet.picked.every(({ outcome }) => outcome?.failed !== true)).toBe(true);
    await started.next();
    await started.next();
    expect(fleet.picked.at(-1)?.outcome).toEqual({ code: Code.OK, failed: false });
  });
});
