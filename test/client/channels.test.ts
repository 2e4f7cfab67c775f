import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/client.js";
import { Endpoints } from "../../src/client/endpoints.js";
import type { Instance } from "../../src/contract/contract.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import type { Snapshot } from "../../src/registry/registry.js";
import { createServer } from "../../src/server/server.js";
import { systemClock } from "../../src/time/time.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { echoInstance } from "../support/echo-instance.js";
import { eventually } from "../support/eventually.js";
import { SteeredTransport } from "./steered-transport.js";

function instance(id: string, changes: Partial<Instance> = {}): Instance {
  return echoInstance(id, { endpoints: [`grpc://${id}:1`], ...changes });
}

/** The endpoints of a service whose snapshots a test gives, and what the selector was told of them. */
function given() {
  const transport = new SteeredTransport();
  const told: string[][] = [];
  let publish: (snapshot: Snapshot) => void = () => {};
  const registry = memoryRegistry();
  registry.watch = (_service, onSnapshot) => {
    publish = onSnapshot;
    return { close: async () => {}, [Symbol.asyncDispose]: async () => {} };
  };
  const endpoints = Endpoints.ofService("echo", registry, {
    transport,
    clock: systemClock,
    selector: {
      name: "recording",
      update: (instances) => told.push(instances.map(({ id }) => id)),
      pick: () => undefined,
    },
  });
  onTestFinished(() => endpoints.close());
  return {
    endpoints,
    transport,
    told,
    tell: (...instances: readonly Instance[]) => publish({ service: "echo", instances, stale: false }),
    /** The channel to an instance, opened. */
    channel: (id: string) => {
      endpoints.channel(instance(id));
      const channel = transport.channels.findLast(({ address }) => address.startsWith(`grpc://${id}:`));
      if (channel === undefined) throw new Error(`no channel to ${id}`);
      return channel;
    },
  };
}

describe("the selector of a client", () => {
  test("hears of many who come at once, once; and not of every step of their connections", () => {
    const { tell, told, channel, transport } = given();
    const many = Array.from({ length: 200 }, (_, index) => instance(`echo-${index}`));
    tell(...many);
    expect(told).toHaveLength(1);
    for (const { id } of many) for (const state of ["connecting", "ready"] as const) channel(id).become(state);
    expect(transport.channels).toHaveLength(200);
    expect(told).toHaveLength(1);
    expect(told[0]).toHaveLength(200);
  });

  test("hears at once of a connection that breaks, and of one that stands again", () => {
    const { tell, told, channel } = given();
    tell(instance("echo-1"), instance("echo-2"));
    channel("echo-1").become("ready");
    channel("echo-1").become("broken");
    channel("echo-1").become("ready");
    expect(told.slice(1)).toEqual([["echo-2"], ["echo-1", "echo-2"]]);
  });

  test("rather has one that starts and answers than one that serves and does not", () => {
    const { tell, told, channel } = given();
    tell(instance("echo-1"), instance("echo-2", { state: "starting" }));
    expect(told.at(-1)).toEqual(["echo-1"]);
    channel("echo-1").become("broken");
    expect(told.at(-1)).toEqual(["echo-2"]);
    channel("echo-2").become("broken");
    expect(told.at(-1)).toEqual(["echo-1"]);
    channel("echo-1").become("ready");
    expect(told.at(-1)).toEqual(["echo-1"]);
  });

  test("hears nothing more of one that has left", () => {
    const { tell, told, channel } = given();
    tell(instance("echo-1"), instance("echo-2"));
    const left = channel("echo-1");
    tell(instance("echo-2"));
    expect(left.state).toBe("closed");
    const before = told.length;
    left.become("broken");
    expect(told).toHaveLength(before);
  });
});

describe("a broken connection", () => {
  test.each<[string, Partial<Instance>]>([
    ["has started again", { startedAt: new Date(1) }],
    ["has another weight", { weight: 7 }],
  ])("is tried at once when the registry tells that its instance %s", (_what, changes) => {
    const { tell, channel } = given();
    tell(instance("echo-1"));
    channel("echo-1").become("broken");
    tell(instance("echo-1", changes));
    expect(channel("echo-1").connects).toBe(1);
  });

  test("waits for its backoff where the registry has no news of its instance, or only that it drains", () => {
    const { tell, channel } = given();
    tell(instance("echo-1"));
    channel("echo-1").become("broken");
    tell(instance("echo-1"), instance("echo-2"));
    tell(instance("echo-1", { state: "draining" }));
    expect(channel("echo-1").connects).toBe(0);
  });

  test("that others have left behind is tried at once by whoever opens a channel there", () => {
    const { tell, transport, channel } = given();
    transport.firstState = "broken";
    tell(instance("echo-1"));
    expect(channel("echo-1").connects).toBe(1);
  });

  test("that stands is left alone", () => {
    const { tell, channel } = given();
    tell(instance("echo-1"));
    channel("echo-1").become("ready");
    tell(instance("echo-1", { startedAt: new Date(1) }));
    expect(channel("echo-1").connects).toBe(0);
  });

  test("of an instance that restarts on its address is up as soon as the registry knows, whatever the backoff", async () => {
    const registry = memoryRegistry();
    const serve = async (address: string) => {
      const server = createServer({ transport: grpcJsTransport(), address }).add(EchoServiceDefinition, echo());
      await server.start();
      onTestFinished(() => server.close({ graceMs: 0 }));
      return server;
    };
    const first = await serve("grpc://127.0.0.1:0");
    const { address } = first;
    const registered = await registry.register(instance("echo-1", { endpoints: [address] }));
    const hour = 3_600_000;
    const transport = grpcJsTransport({ reconnectInitialMs: hour, reconnectMaxMs: hour });
    const client = createClient(EchoServiceDefinition, { registry, service: "echo", transport, retry: false });
    onTestFinished(() => client.close());
    await client.unary({});
    await first.close({ graceMs: 0 });
    await eventually(async () => expect((await rpcFailure(client.unary({}))).message).toContain("ECONNREFUSED"));
    await serve(address);
    await rpcFailure(client.unary({})); // it is there, and nobody has noticed
    await registered.update(instance("echo-1", { endpoints: [address], startedAt: new Date(1) }));
    await eventually(async () => expect((await client.unary({ text: "back" })).text).toBe("back"));
  });
});
