import { afterEach, describe, expect, test } from "vitest";
import { type ClosableClient, createClient } from "../../src/client/client.js";
import { type Call, type Client, runInCall } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import {
  type RegisterRequest,
  RegistryServiceDefinition,
  type WatchResponse,
} from "../../src/gen/hawser/registry/v1/registry.js";
import { type HawserRegistryOptions, hawserRegistry, registryHandlers } from "../../src/registry/hawser/hawser.js";
import { Outbox } from "../../src/registry/hawser/outbox.js";
import { type InstanceMessage, toMessage } from "../../src/registry/instance-message.js";
import type { Registry } from "../../src/registry/registry.js";
import { createServer } from "../../src/server/server.js";
import { sleep } from "../../src/time/time.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Transport } from "../../src/transport/transport.js";
import { instance } from "../conformance/registry.js";
import { eventually } from "../support/eventually.js";
import { ManualClock } from "../support/manual-clock.js";
import { Follower } from "./follower.js";
import { hearersOf } from "./hearers.js";
import { recordingLogger } from "./recording-logger.js";

type RegistryClient = Client<typeof RegistryServiceDefinition>;

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface ServerOptions {
  readonly transport?: Transport;
  readonly address?: string;
  readonly clock?: ManualClock;
}

interface RunningServer {
  readonly address: string;
  /** Aborts when it stops. */
  readonly closing: AbortSignal;
  /** Ends its streams and waits for nothing else. */
  stop(): Promise<void>;
}

async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { transport = memoryTransport(), address = "memory://registry", ...handlerOptions } = options;
  const closing = new AbortController();
  const server = createServer({ transport, address });
  server.add(RegistryServiceDefinition, registryHandlers({ ...handlerOptions, signal: closing.signal }));
  await server.start();
  const stop = () => {
    closing.abort();
    return server.close();
  };
  cleanups.push(stop);
  return { address: server.address, closing: closing.signal, stop };
}

function connect(transport: Transport, target = "memory://registry"): ClosableClient<typeof RegistryServiceDefinition> {
  const client = createClient(RegistryServiceDefinition, { target, transport });
  cleanups.push(() => client.close());
  return client;
}

/** Does not wait between tries, so that a test need not either. */
function open(client: RegistryClient, options: Partial<HawserRegistryOptions> = {}): Registry {
  const registry = hawserRegistry({ client, random: () => 0, ...options });
  cleanups.push(() => registry.close());
  return registry;
}

describe("the server: a stream is a lease", () => {
  interface Stream {
    readonly requests: Outbox<RegisterRequest>;
    readonly answers: AsyncIterator<{ grantedTtlMs: number }>;
    cancel(): void;
    send(message: InstanceMessage | undefined, ttlMs?: number): Promise<number>;
  }

  function register(client: RegistryClient): Stream {
    const requests = new Outbox<RegisterRequest>();
    const controller = new AbortController();
    const { signal } = controller;
    const answers = client.register(requests, { signal, timeoutMs: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
    cleanups.push(() => controller.abort());
    return {
      requests,
      answers,
      cancel: () => controller.abort(),
      send: async (message, ttlMs = 0) => {
        requests.push({ instance: message, ttlMs });
        return (await answers.next()).value.grantedTtlMs;
      },
    };
  }

  const orders1 = toMessage(instance("orders-1"));

  async function serve(): Promise<{ client: RegistryClient; clock: ManualClock; orders: Follower }> {
    const [transport, clock] = [memoryTransport(), new ManualClock()];
    await startServer({ transport, clock });
    const client = connect(transport);
    return { client, clock, orders: new Follower(open(client), "orders") };
  }

  test("the end of the stream takes the instance out at once", async () => {
    const { client, orders } = await serve();
    const stream = register(client);
    await stream.send(orders1);
    await orders.untilIds("orders-1");
    stream.requests.end();
    expect(await stream.answers.next()).toEqual({ done: true, value: undefined });
    await orders.untilIds();
  });

  test("so does a caller that breaks off", async () => {
    const { client, orders } = await serve();
    const stream = register(client);
    await stream.send(orders1);
    await orders.untilIds("orders-1");
    stream.cancel();
    await orders.untilIds();
  });

  test("silence takes it out after the granted time, and ends the stream", async () => {
    const { client, clock, orders } = await serve();
    const stream = register(client);
    expect(await stream.send(orders1, 6_000)).toBe(6_000);
    await orders.untilIds("orders-1");
    clock.advance(5_999);
    expect(await client.list({})).toMatchObject({ services: [{ instances: 1 }] });
    clock.advance(1);
    await expect(stream.answers.next()).rejects.toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
      message: expect.stringContaining('"orders-1" was silent for 6000 ms'),
    });
    await orders.untilIds();
  });

  test("an empty request is a sign of life", async () => {
    const { client, clock } = await serve();
    const stream = register(client);
    await stream.send(orders1, 6_000);
    for (let beat = 0; beat < 10; beat++) {
      clock.advance(5_000);
      expect(await stream.send(undefined, 6_000)).toBe(6_000);
    }
    expect(await client.list({})).toMatchObject({ services: [{ instances: 1 }] });
  });

  test("a caller that says nothing at all is sent away", async () => {
    const { client, clock } = await serve();
    const stream = register(client);
    const sentAway = expect(stream.answers.next()).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    await clock.run(10_000);
    await sentAway;
  });

  test("the granted time is between a second and five minutes, and ten seconds for who does not ask", async () => {
    const { client } = await serve();
    const stream = register(client);
    expect(await stream.send(orders1, 0)).toBe(10_000);
    expect(await stream.send(undefined, 1)).toBe(1_000);
    expect(await stream.send(undefined, 2 ** 31)).toBe(300_000);
    expect(await stream.send(undefined, 7_000)).toBe(7_000);
  });

  test("a later stream with the same id takes over, and the end of the earlier one changes nothing", async () => {
    const { client, orders } = await serve();
    const [earlier, later] = [register(client), register(client)];
    await earlier.send(orders1);
    await later.send({ ...orders1, weight: 7 });
    earlier.requests.end();
    await earlier.answers.next();
    const { instances } = await orders.untilIds("orders-1");
    expect(instances[0]?.weight).toBe(7);
    later.requests.end();
    await orders.untilIds();
  });

  test("a stream whose id another has taken over counts again when that one ends", async () => {
    const { client, orders } = await serve();
    const [earlier, later] = [register(client), register(client)];
    await earlier.send(orders1);
    await later.send({ ...orders1, weight: 7 });
    await orders.until(({ instances }) => instances[0]?.weight === 7);
    later.requests.end();
    await orders.until(({ instances }) => instances[0]?.weight === 100);
  });

  test("a request that makes no sense is refused and leaves nothing behind", async () => {
    const { client } = await serve();
    const refusals: [(InstanceMessage | undefined)[], RegExp][] = [
      [[undefined], /first request of a Register stream must carry the instance/],
      [[{ ...orders1, id: "" }], /instance ""/],
      [[{ ...orders1, service: "a/b" }], /service "a\/b"/],
      [[orders1, { ...orders1, id: "orders-2" }], /cannot change id or service/],
    ];
    for (const [messages, message] of refusals) {
      const stream = register(client);
      const last = messages.pop();
      for (const each of messages) await stream.send(each);
      await expect(stream.send(last)).rejects.toMatchObject({
        code: Code.INVALID_ARGUMENT,
        message: expect.stringMatching(message),
      });
    }
    const watch = client.watch({ service: "" })[Symbol.asyncIterator]();
    await expect(watch.next()).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
    expect(await client.list({})).toEqual({ services: [] });
  });

  test("its revision grows with every change", async () => {
    const { client } = await serve();
    const sets = client.watch({ service: "orders" })[Symbol.asyncIterator]();
    cleanups.push(() => sets.return?.());
    const first = (await sets.next()).value;
    await register(client).send(orders1);
    const second = (await sets.next()).value;
    expect(first).toMatchObject({ instances: [], revision: 0n });
    expect(second).toMatchObject({ instances: [orders1], revision: 1n });
  });

  test("a watcher who wants signs of life gets them while nothing changes, and no set with them", async () => {
    const { client, clock } = await serve();
    const sets = client.watch({ service: "orders", heartbeatMs: 2_000 })[Symbol.asyncIterator]();
    cleanups.push(() => sets.return?.());
    expect((await sets.next()).value).toMatchObject({ unchanged: false, heartbeatMs: 2_000 });
    for (let beat = 0; beat < 3; beat++) {
      const next = sets.next();
      await clock.run(2_000);
      expect((await next).value).toMatchObject({ instances: [], unchanged: true });
    }
    await register(client).send(orders1);
    expect((await sets.next()).value).toMatchObject({ instances: [orders1], unchanged: false });
  });

  test("a watcher who wants them too often gets them as often as a lease could ask for", async () => {
    const { client } = await serve();
    const sets = client.watch({ service: "orders", heartbeatMs: 1 })[Symbol.asyncIterator]();
    cleanups.push(() => sets.return?.());
    expect((await sets.next()).value).toMatchObject({ heartbeatMs: 333 });
  });

  test("a watcher who does not ask for them is sent changes only, as ever", async () => {
    const { client, clock } = await serve();
    const sets = client.watch({ service: "orders" })[Symbol.asyncIterator]();
    cleanups.push(() => sets.return?.());
    expect((await sets.next()).value).toMatchObject({ heartbeatMs: 0 });
    const next = sets.next();
    await clock.run(600_000);
    await register(client).send(orders1);
    expect((await next).value).toMatchObject({ instances: [orders1] });
  });

  test("a server that was held up hears what has come before it takes anybody out", async () => {
    const transport = memoryTransport();
    const server = createServer({ transport, address: "memory://registry" });
    server.add(RegistryServiceDefinition, registryHandlers({ minTtlMs: 100 }));
    await server.start();
    cleanups.push(() => server.close());
    const client = connect(transport);
    const stream = register(client);
    await stream.send(orders1, 100);
    setImmediate(() => stream.requests.push({ instance: undefined, ttlMs: 10_000 }));
    const untilMs = Date.now() + 150;
    while (Date.now() < untilMs);
    expect((await stream.answers.next()).value).toEqual({ grantedTtlMs: 10_000 });
    expect(await client.list({})).toMatchObject({ services: [{ instances: 1 }] });
  });

  test("its signal ends every stream, so that a server closes without waiting for them", async () => {
    const transport = memoryTransport();
    const server = await startServer({ transport });
    const client = connect(transport);
    const stream = register(client);
    await stream.send(orders1);
    const sets = client.watch({ service: "orders" })[Symbol.asyncIterator]();
    await sets.next();
    const ends = [stream.answers.next(), sets.next()].map((each) => expect(each).rejects.toThrow(/is closing/));
    await server.stop();
    await Promise.all(ends);
  });

  test("streams that have ended leave nothing at its signal, and many at once are no reason to warn", async () => {
    const transport = memoryTransport();
    const { closing } = await startServer({ transport });
    const registry = open(connect(transport));
    const warned: string[] = [];
    const warn = ({ name }: Error): void => void warned.push(name);
    process.on("warning", warn);
    cleanups.push(() => process.off("warning", warn));
    const ids = Array.from({ length: 8 }, (_, index) => `orders-${index}`);
    const followers = ids.map((service) => new Follower(registry, service));
    const registrations = await Promise.all(ids.map((id) => registry.register(instance(id))));
    await Promise.all(followers.map((follower) => follower.untilIds()));
    expect(hearersOf(closing)).toBe(16);
    await new Promise(setImmediate); // a warning comes when nothing else is to be done
    expect(warned).not.toContain("MaxListenersExceededWarning");
    await Promise.all([...registrations, ...followers].map((each) => each.close()));
    await eventually(() => expect(hearersOf(closing)).toBe(0));
  });

  test("bounds that are not in order are refused", () => {
    expect(() => registryHandlers({ minTtlMs: 5_000, maxTtlMs: 1_000 })).toThrow(/minTtlMs 5000 and maxTtlMs 1000/);
    expect(() => registryHandlers({ minTtlMs: 0 })).toThrow(RangeError);
  });
});

/** A registry with one instance in it, whose watches give signs of life while it is not frozen. */
class SilentRegistry {
  readonly #clock: ManualClock;
  readonly #heartbeats: boolean;
  frozen = false;
  watches = 0;

  constructor(clock: ManualClock, { heartbeats = true } = {}) {
    this.#clock = clock;
    this.#heartbeats = heartbeats;
  }

  readonly client: RegistryClient = {
    register: () => {
      throw new Error("not in this script");
    },
    watch: ({ heartbeatMs = 0 }, options) => this.#watch(this.#heartbeats ? heartbeatMs : 0, options!.signal!),
    list: async () => ({ services: [] }),
  };

  async *#watch(heartbeatMs: number, signal: AbortSignal): AsyncGenerator<WatchResponse> {
    this.watches += 1;
    const set = { instances: [toMessage(instance("orders-1"))], revision: 1n, unchanged: false, heartbeatMs };
    const sets = [set];
    while (!signal.aborted) {
      if (!this.frozen) yield sets.pop() ?? { ...set, instances: [], unchanged: true };
      await sleep(this.#clock, heartbeatMs || 1_000_000, signal);
    }
    throw new Error("cancelled");
  }
}

describe("the client: it never lets go", () => {
  const transports: [string, () => Transport, string][] = [
    ["memory", () => memoryTransport(), "memory://registry"],
    ["grpc-js", () => grpcJsTransport(), "grpc://127.0.0.1:0"],
  ];

  test.each(transports)(
    "over %s: a registry that restarts is told of everybody again",
    async (_name, make, address) => {
      const transport = make();
      const first = await startServer({ transport, address });
      const [here, there] = [1, 2].map(() => open(connect(transport, first.address))) as [Registry, Registry];
      const registration = await here.register(instance("orders-1"));
      await there.register(instance("orders-2"));
      const orders = new Follower(there, "orders");
      const before = await orders.untilIds("orders-1", "orders-2");

      await first.stop();
      expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
      await expect(registration.update(instance("orders-1", { weight: 9 }))).rejects.toMatchObject({
        code: Code.UNAVAILABLE,
        message: expect.stringContaining('"orders-1" could not be updated now'),
      });

      await startServer({ transport, address: first.address });
      const { instances } = await orders.until(({ stale }) => !stale);
      expect(instances.map(({ id, weight }) => [id, weight])).toEqual([
        ["orders-1", 9],
        ["orders-2", 100],
      ]);
      for (const snapshot of orders.snapshots.slice(orders.snapshots.indexOf(before))) {
        expect(snapshot.instances).toHaveLength(2);
      }
    },
  );

  test("who does not come back to a restarted registry is believed in for ten seconds more", async () => {
    const [transport, clock] = [memoryTransport(), new ManualClock()];
    const first = await startServer({ transport, clock });
    const [staying, leaving] = [1, 2].map(() => open(connect(transport), { clock })) as [Registry, Registry];
    const orders = new Follower(staying, "orders");
    await staying.register(instance("orders-1"));
    await leaving.register(instance("orders-2"));
    await orders.untilIds("orders-1", "orders-2");

    await first.stop();
    await orders.until(({ stale }) => stale);
    await leaving.close();
    await startServer({ transport, clock });
    await clock.run(9_000);
    expect(orders.snapshots.at(-1)).toMatchObject({ stale: true, instances: [{ id: "orders-1" }, { id: "orders-2" }] });
    await clock.run(1_000);
    expect(orders.snapshots.at(-1)).toMatchObject({ stale: false, instances: [{ id: "orders-1" }] });
  });

  test("a registry that stands still is noticed by watchers before its leases can run out, and believed again after", async () => {
    const clock = new ManualClock();
    const silent = new SilentRegistry(clock);
    const orders = new Follower(open(silent.client, { clock, ttlMs: 6_000 }), "orders");
    const before = await orders.untilIds("orders-1");
    await clock.run(60_000);
    expect([orders.snapshots.length, silent.watches]).toEqual([1, 1]);
    silent.frozen = true;
    await clock.run(4_000);
    expect(orders.snapshots.slice(1)).toEqual([{ ...before, stale: true }]);
    silent.frozen = false;
    await clock.run(6_000);
    expect(orders.snapshots.at(-1)).toEqual(before);
  });

  test("an older registry, which gives no signs of life, is not missed them", async () => {
    const clock = new ManualClock();
    const older = new SilentRegistry(clock, { heartbeats: false });
    const orders = new Follower(open(older.client, { clock, ttlMs: 6_000 }), "orders");
    await orders.untilIds("orders-1");
    await clock.run(600_000);
    expect([orders.snapshots.length, older.watches]).toEqual([1, 1]);
  });

  test("a registration made without waiting is registered once there is a registry", async () => {
    const transport = memoryTransport();
    const registry = open(connect(transport));
    const registration = await registry.register(instance("orders-1"), { wait: false });
    expect(registration.state).toBe("registering");
    const registered = new Promise<void>((resolve) => {
      registration.onState((state) => {
        if (state === "registered") resolve();
      });
    });
    await startServer({ transport });
    await registered;
    await new Follower(registry, "orders").untilIds("orders-1");
  });

  /** A registry that answers the first request of a stream, and then only what `answers` says. */
  class Scripted {
    readonly streams: { readonly requests: RegisterRequest[]; answering: boolean }[] = [];

    readonly client: RegistryClient = {
      register: (requests, options) => this.#register(requests as AsyncIterable<RegisterRequest>, options!.signal!),
      watch: () => {
        throw new Error("not in this script");
      },
      list: async () => ({ services: [] }),
    };

    async *#register(requests: AsyncIterable<RegisterRequest>, signal: AbortSignal) {
      const stream = { requests: [] as RegisterRequest[], answering: true };
      this.streams.push(stream);
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("cancelled")));
      });
      aborted.catch(() => {});
      const reader = requests[Symbol.asyncIterator]();
      for (;;) {
        const { done, value } = await Promise.race([reader.next(), aborted]);
        if (done) return;
        stream.requests.push(value);
        if (stream.answering) yield { grantedTtlMs: 6_000 };
      }
    }
  }

  test("it gives a sign of life three times per granted time to live", async () => {
    const [clock, registry] = [new ManualClock(), new Scripted()];
    await open(registry.client, { clock, ttlMs: 60_000 }).register(instance("orders-1"));
    const stream = registry.streams[0]!;
    await clock.run(60_000);
    const beats = stream.requests.length;
    await clock.run(6_000);
    expect(stream.requests.length - beats).toBe(3);
    expect(stream.requests.slice(1)).toEqual(
      stream.requests.slice(1).map(() => ({ instance: undefined, ttlMs: 60_000 })),
    );
    expect(registry.streams).toHaveLength(1);
  });

  test("a stream that is not answered for a whole time to live is given up for another", async () => {
    const [clock, registry] = [new ManualClock(), new Scripted()];
    const registration = await open(registry.client, { clock, ttlMs: 6_000 }).register(instance("orders-1"));
    registry.streams[0]!.answering = false;
    await clock.run(5_999);
    expect([registration.state, registry.streams.length]).toEqual(["registered", 1]);
    await clock.run(1);
    expect([registration.state, registry.streams.length]).toEqual(["registered", 2]);
    expect(registry.streams[1]!.requests[0]!.instance?.id).toBe("orders-1");
  });

  test("it waits between tries, longer each time, up to five seconds", async () => {
    const [clock, logger] = [new ManualClock(), recordingLogger()];
    const refusing: RegistryClient = {
      ...new Scripted().client,
      register: () => {
        throw new Error("not now");
      },
    };
    const registry = open(refusing, { clock, logger, random: () => 0.999999 });
    const late = expect(registry.register(instance("orders-1"), { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("within 20000 ms"),
    });
    await clock.run(20_000);
    await late;
    const waits = logger.lines.map(({ fields }) => fields["waitMs"]);
    expect(waits.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  test("a registry refused for good is not asked again", async () => {
    const transport = memoryTransport();
    const server = createServer({ transport, address: "memory://registry" });
    await server.start();
    cleanups.push(() => server.close());
    const refused = open(connect(transport), { name: "hawser://elsewhere" }).register(instance("orders-1"));
    await expect(refused).rejects.toMatchObject({
      code: Code.UNIMPLEMENTED,
      message: expect.stringContaining("hawser://elsewhere: "),
    });
  });

  test("what a handler registers or watches outlives its call", async () => {
    const transport = memoryTransport();
    await startServer({ transport });
    const registry = open(connect(transport));
    const ending = new AbortController();
    const call = { signal: ending.signal, deadline: undefined, metadata: { empty: true } } as unknown as Call;
    const orders = await runInCall(call, async () => {
      await registry.register(instance("orders-1"));
      return new Follower(registry, "orders");
    });
    await orders.untilIds("orders-1");
    ending.abort();
    await open(connect(transport)).register(instance("orders-2"));
    await orders.untilIds("orders-1", "orders-2");
    expect(orders.snapshots.every(({ stale }) => !stale)).toBe(true);
  });

  test("an option that cannot be is refused by the factory", () => {
    const { client } = new Scripted();
    for (const none of [undefined, {}, { client: null }, { client: {} }]) {
      expect(() => hawserRegistry(none as unknown as HawserRegistryOptions)).toThrow(/client is missing/);
    }
    expect(() => hawserRegistry({ client, ttlMs: 0 })).toThrow(/ttlMs is 0/);
  });
});
