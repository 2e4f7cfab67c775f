import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import { OutgoingCall } from "../../src/client/outgoing-call.js";
import { Metadata, type Method, methodsOf } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { createServer } from "../../src/server/server.js";
import { lateTransport } from "../../src/service/late-transport.js";
import { type Clock, systemClock } from "../../src/time/time.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { ChannelState, Transport } from "../../src/transport/transport.js";
import { transportSuite } from "../conformance/transport.js";
import { rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { ManualClock } from "../support/manual-clock.js";
import { Moment } from "../support/moment.js";
import { grpcJsSkips } from "../transport/grpc-js-skips.js";

/** Every channel of this one is made before its driver is there. */
function everLate(driver: Transport, clock: Clock = systemClock): Transport {
  const { name, schemes } = driver;
  const late = () => lateTransport({ name, schemes, check: () => {}, clock, load: async () => driver });
  return {
    name,
    schemes,
    connect: (address) => late().connect(address),
    listen: (address, router) => late().listen(address, router),
  };
}

transportSuite({
  name: "late grpc-js",
  make: (options) => ({ transport: everLate(grpcJsTransport(options), options?.clock), address: "grpc://127.0.0.1:0" }),
  capabilities: { sockets: true },
  skip: {
    ...grpcJsSkips,
    "memory stays flat over 20,000 messages of 16 KiB, either way":
      "measured with the driver alone: once that is there, a call goes straight to it",
  },
});

describe("lateTransport()", () => {
  /** One whose driver comes when the test says so, and a server that the driver reaches. */
  async function stage() {
    const driver = memoryTransport();
    const server = createServer({ transport: driver, address: "memory://echo" }).add(EchoServiceDefinition, echo());
    await server.start();
    onTestFinished(() => server.close());
    const arrival = new Moment<Transport>();
    const clock = new ManualClock();
    let loads = 0;
    const late = lateTransport({
      name: "memory",
      schemes: ["memory"],
      check: (address) => {
        if (!address.startsWith("memory://")) throw new TypeError(`${address}: no`);
      },
      clock,
      load: () => {
        loads++;
        return arrival.promise;
      },
    });
    return { late, driver, clock, arrive: () => arrival.now(driver), loads: () => loads };
  }

  function unary(deadline?: number, signal?: AbortSignal): OutgoingCall {
    const method = methodsOf(EchoServiceDefinition).find(({ name }) => name === "Unary") as Method;
    return new OutgoingCall(method, { text: "hello" }, new Metadata(), deadline, signal);
  }

  test("loads its driver once, at the first call, and calls that come before it is there wait for it", async () => {
    const { late, arrive, loads } = await stage();
    const channels = [late.connect("memory://echo"), late.connect("memory://echo")] as const;
    expect(loads()).toBe(0);
    expect(channels[0].state).toBe("idle");
    const answers = channels.map((channel) => channel.invoke(unary()));
    arrive();
    for (const { message } of await Promise.all(answers)) expect(message).toMatchObject({ text: "hello" });
    expect(loads()).toBe(1);
    await Promise.all(channels.map((channel) => channel.close()));
  });

  test("makes the driver's own channels once that is there", async () => {
    const { late, driver, arrive } = await stage();
    arrive();
    const router = { methods: new Map(), invoke: () => Promise.reject(new Error("nobody calls")) };
    await using _ = await late.listen("memory://nobody", router);
    await using channel = late.connect("memory://echo");
    expect(channel.constructor).toBe(driver.connect("memory://echo").constructor);
  });

  test("a close lets calls that wait for the driver finish, and refuses others", async () => {
    const { late, arrive, clock } = await stage();
    const channel = late.connect("memory://echo");
    const told: ChannelState[] = [];
    channel.onState((state) => told.push(state));
    const answer = channel.invoke(unary());
    const closed = channel.close();
    expect(channel.state).toBe("closed");
    expect(await rpcFailure(channel.invoke(unary()))).toMatchObject({ code: Code.UNAVAILABLE, unprocessed: true });
    expect(await rpcFailure(channel.invoke(unary(clock.now())))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    arrive();
    expect((await answer).message).toMatchObject({ text: "hello" });
    await closed;
    expect(told).toEqual(["closed"]);
  });

  test("a call waits for the driver until its deadline or its caller's leaving, and no longer", async () => {
    const { late, clock, arrive } = await stage();
    await using channel = late.connect("memory://echo");
    const controller = new AbortController();
    const tooLate = rpcFailure(channel.invoke(unary(clock.now() + 1000)));
    const left = rpcFailure(channel.invoke(unary(undefined, controller.signal)));
    const patient = channel.invoke(unary());
    clock.advance(1000);
    controller.abort();
    expect(await tooLate).toMatchObject({ code: Code.DEADLINE_EXCEEDED, remote: false });
    expect(await left).toMatchObject({ code: Code.CANCELLED, remote: false });
    expect(await rpcFailure(channel.invoke(unary(clock.now())))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    arrive();
    expect((await patient).message).toMatchObject({ text: "hello" });
    expect(clock.pending).toBe(0);
  });

  test("a close of what nobody has called loads nothing", async () => {
    const { late, loads } = await stage();
    const channel = late.connect("memory://echo");
    await channel.close();
    channel.connect();
    expect(channel.state).toBe("closed");
    expect(loads()).toBe(0);
  });

  test("says at once which address it does not go to", async () => {
    const { late, loads } = await stage();
    expect(() => late.connect("nats://a:1")).toThrow(new TypeError("nats://a:1: no"));
    const router = { methods: new Map(), invoke: () => Promise.reject(new Error("nobody calls")) };
    await expect(late.listen("nats://a:1", router)).rejects.toThrow(new TypeError("nats://a:1: no"));
    expect(loads()).toBe(0);
  });

  test("where the driver cannot be loaded, whoever listens or calls is told why", async () => {
    const reason = new Error("the grpc-js transport needs @grpc/grpc-js: npm install @grpc/grpc-js");
    const late = lateTransport({
      name: "late",
      schemes: ["grpc"],
      check: () => {},
      clock: systemClock,
      load: () => Promise.reject(reason),
    });
    const address = "grpc://127.0.0.1:1";
    await expect(createServer({ transport: late, address }).start()).rejects.toThrow(reason);
    await using client = createClient(EchoServiceDefinition, { transport: late, target: address });
    const error = await rpcFailure(client.unary({}));
    expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, message: reason.message, unprocessed: true });
    expect(error.cause).toBe(reason);
    const channel = late.connect(address);
    const broken = new Promise((resolve) => channel.onState(resolve));
    channel.connect();
    expect(await broken).toBe("broken");
    expect(channel.state).toBe("broken");
    await channel.close();
  });
});
