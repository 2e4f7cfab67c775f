import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/client/client.js";
import { type Instance, silentLogger } from "../../src/contract/contract.js";
import { Code } from "../../src/errors/errors.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import type { Registry, Snapshot } from "../../src/registry/registry.js";
import { createService, openRegistry, type Service, type ServiceOptions } from "../../src/service/service.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

function kept<T extends AsyncDisposable>(each: T): T {
  open.push(each);
  return each;
}

function echoService(registry: Registry, options: Partial<ServiceOptions> = {}): Service {
  const service = createService({
    name: "echo",
    version: "1.2.3",
    registry,
    logger: silentLogger,
    drainMs: 20,
    ...options,
  });
  return kept(service.add(EchoServiceDefinition, echo()));
}

/** The snapshots of a service, as they come; `next` waits for one that fits. */
function follow(registry: Registry, service: string) {
  const seen: Snapshot[] = [];
  const waiting = new Set<() => void>();
  kept(
    registry.watch(service, (snapshot) => {
      seen.push(snapshot);
      for (const wake of waiting) wake();
    }),
  );
  const next = (fits: (instances: readonly Instance[]) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!seen.some(({ instances }) => fits(instances))) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { seen, next };
}

describe("a service", () => {
  it("can be found and called once it has started", async () => {
    const registry = kept(memoryRegistry());
    const service = echoService(registry, { metadata: { tier: "gold" }, weight: 50, zone: "eu-1" });
    await service.start();
    expect(service.instance).toMatchObject({
      service: "echo",
      version: "1.2.3",
      endpoints: [service.server.address],
      contracts: [EchoServiceDefinition.fullName],
      metadata: { tier: "gold" },
      weight: 50,
      zone: "eu-1",
      state: "serving",
    });
    const caller = kept(createService({ name: "caller", registry, logger: silentLogger }));
    const client = caller.client(EchoServiceDefinition, "echo");
    expect((await client.unary({ text: "ahoy" })).text).toBe("ahoy");
  });

  it("drains before it stops: watchers see it, and the running call is answered", async () => {
    const registry = kept(memoryRegistry());
    const { seen, next } = follow(registry, "echo");
    const service = echoService(registry, { drainMs: 50 });
    await service.start();
    const client = kept(
      createClient(EchoServiceDefinition, { registry, service: "echo", transport: grpcJsTransport() }),
    );
    await client.unary({});
    const running = client.unary({ delayMs: 150, text: "still here" });
    const closing = service.close();
    await next((instances) => instances.some(({ state }) => state === "draining"));
    expect((await running).text).toBe("still here");
    await closing;
    await next((instances) => instances.length === 0);
    expect(seen.flatMap(({ instances }) => instances.map(({ state }) => state))).toEqual(["serving", "draining"]);
  });

  it("loses no call when one of two instances stops under load", async () => {
    const registry = kept(memoryRegistry());
    const [leaving, staying] = [echoService(registry), echoService(registry)];
    await Promise.all([leaving.start(), staying.start()]);
    const client = kept(
      createClient(EchoServiceDefinition, { registry, service: "echo", transport: grpcJsTransport() }),
    );
    let stopped = false;
    const callers = Array.from({ length: 16 }, async () => {
      let answered = 0;
      while (!stopped || answered < 20) {
        await client.unary({ delayMs: 1 });
        answered++;
      }
      return answered;
    });
    await leaving.close();
    stopped = true;
    const answered = await Promise.all(callers);
    expect(Math.min(...answered)).toBeGreaterThanOrEqual(20);
  });

  it("leaves nothing behind where it cannot register", async () => {
    const registry = kept(openRegistry("hawser://127.0.0.1:1"));
    const impatient: Registry = Object.assign(Object.create(registry), {
      name: registry.name,
      register: (instance: Instance) => registry.register(instance, { timeoutMs: 100 }),
      close: () => registry.close(),
    });
    const service = echoService(impatient);
    await expect(service.start()).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("127.0.0.1:1"),
    });
    const { address } = service.server;
    const again = kept(createService({ name: "again", registry: memoryRegistry(), address, logger: silentLogger }));
    await again.start();
    expect(again.server.address).toBe(address);
  });

  it("may be closed twice, and before it was started", async () => {
    const registry = kept(memoryRegistry());
    const service = echoService(registry);
    await service.close();
    await service.close();
    expect(await registry.list()).toEqual([]);
  });

  it.each(["", "Orders", "orders_eu", "-orders"])("refuses the name %j", (name) => {
    expect(() => createService({ name, registry: memoryRegistry() })).toThrow(/^name: expected lower case letters/);
  });

  it("refuses a log level there is none of", () => {
    process.env["HAWSER_LOG_LEVEL"] = "loud";
    onTestFinished(() => {
      delete process.env["HAWSER_LOG_LEVEL"];
    });
    expect(() => createService({ name: "echo", registry: memoryRegistry() })).toThrow(/HAWSER_LOG_LEVEL.*"loud"/);
  });
});
