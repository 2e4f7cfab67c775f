import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startRegistryServer } from "../../src/cli/app/registry-server.js";
import { createClient } from "../../src/client/client.js";
import { silentLogger } from "../../src/contract/contract.js";
import { Code, codeName, type RpcError } from "../../src/errors/errors.js";
import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as Status,
  healthCheckResponse_ServingStatusToJSON as statusName,
} from "../../src/gen/grpc/health/v1/health.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import type { Registry } from "../../src/registry/registry.js";
import { wrapped } from "../../src/registry/wrapped.js";
import { createService, defineApp, openRegistry, type ServiceOptions } from "../../src/service/service.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { recordingLogger } from "../registry/recording-logger.js";
import { failure, rpcFailure } from "../support/collect.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { eventually } from "../support/eventually.js";
import { ManualClock } from "../support/manual-clock.js";
import { echoing, gate, started } from "./app/stage.js";
import { SteeredRegistry } from "./steered-registry.js";

const contract = EchoServiceDefinition.fullName;

/** A service at `memory://echo`, and how it answers probes: all of it, its contract, its process, its registration. */
function given(registry: Registry, options: Partial<ServiceOptions> = {}) {
  const transport = memoryTransport();
  const logger = recordingLogger();
  const service = createService({
    name: "echo",
    address: "memory://echo",
    registry,
    transport,
    logger,
    drainMs: 0,
    ...options,
  }).add(EchoServiceDefinition, echo({ unary: () => ({ text: "ahoy" }) }));
  const probe = createClient(HealthDefinition, { target: "memory://echo", transport });
  const client = createClient(EchoServiceDefinition, { target: "memory://echo", transport });
  onTestFinished(async () => {
    await Promise.all([probe.close(), client.close()]);
    await service.close();
  });
  const status = async (name: string): Promise<string> =>
    await probe.check({ service: name }).then(
      (answer) => statusName(answer.status),
      ({ code }: RpcError) => codeName(code),
    );
  const statuses = async () => ({
    whole: await status(""),
    contract: await status(contract),
    process: await status(HealthDefinition.fullName),
    registration: await status("hawser.registry"),
  });
  /** What it logs, but for calls. */
  const lines = () => logger.lines.filter(({ message }) => message !== "call served");
  const said = (): readonly string[] => lines().map(({ level, message }) => `${level}: ${message}`);
  return { service, probe, client, statuses, said, lines };
}

const well = { whole: "SERVING", contract: "SERVING", process: "SERVING" };
const unready = { whole: "NOT_SERVING", contract: "NOT_SERVING", process: "SERVING" };

describe("the readiness of a service", () => {
  it("waits for its registration, while the process is alive", async () => {
    const registry = new SteeredRegistry();
    const { service, statuses } = given(registry);
    const starting = service.start();
    await eventually(() => expect(registry.asked).toHaveLength(1));
    expect(await statuses()).toEqual({ ...unready, registration: "NOT_FOUND" });
    registry.become("registered");
    await starting;
    expect(await statuses()).toEqual({ ...well, registration: "SERVING" });
  });

  it("waits for its onReady hooks too", async () => {
    const { service, statuses } = given(memoryRegistry());
    const hook = gate();
    const begun = gate();
    const starting = service
      .onReady(() => {
        begun.open();
        return hook.passed;
      })
      .start();
    await begun.passed;
    expect(await statuses()).toEqual({ ...unready, registration: "SERVING" });
    hook.open();
    await starting;
    expect(await statuses()).toEqual({ ...well, registration: "SERVING" });
  });

  it("outlives its registration: an outage of the registry is none of its own", async () => {
    const clock = new ManualClock();
    const registry = new SteeredRegistry({ clock });
    const { service, client, probe, statuses, said, lines } = given(registry, { clock, registration: "eventual" });
    await service.start();
    registry.become("registered");
    const told = probe.watch({ service: "hawser.registry" })[Symbol.asyncIterator]();
    expect((await told.next()).value.status).toBe(Status.SERVING);
    const before = said().length;

    clock.advance(1000);
    registry.become("lost");
    expect((await told.next()).value.status).toBe(Status.NOT_SERVING);
    expect(await statuses()).toEqual({ ...well, registration: "NOT_SERVING" });
    expect((await client.unary({})).text).toBe("ahoy");
    expect(service.registration).toEqual({ state: "lost", since: new Date(clock.now()) });

    clock.advance(4200);
    registry.become("registering");
    registry.become("registered");
    expect((await told.next()).value.status).toBe(Status.SERVING);
    await told.return?.();
    expect(await statuses()).toEqual({ ...well, registration: "SERVING" });
    expect(said().slice(before)).toEqual([
      "warn: the registration is lost; it is tried again until it holds",
      "info: registered again, after 4200 ms",
    ]);
    expect(lines().at(-1)?.fields).toMatchObject({ registry: registry.name, ms: 4200 });
  });

  it("ends when the stop begins, while calls are still taken", async () => {
    const { service, client, statuses } = given(memoryRegistry());
    const seen: object[] = [];
    service.onDrain(async () => {
      seen.push(await statuses(), await client.unary({}));
    });
    await service.start();
    await service.close();
    expect(seen).toEqual([{ ...unready, registration: "SERVING" }, expect.objectContaining({ text: "ahoy" })]);
  });
});

describe("a service whose registry is away when it starts", () => {
  it("starts all the same where that is wanted: who knows its address is served, and it is ready once it is registered", async () => {
    const clock = new ManualClock();
    const registry = new SteeredRegistry({ clock });
    const { service, client, statuses, said } = given(registry, { clock, registration: "eventual" });
    await service.start();
    expect(service.registration?.state).toBe("registering");
    expect((await client.unary({})).text).toBe("ahoy");
    expect(await statuses()).toEqual({ ...unready, registration: "NOT_SERVING" });
    expect(said()).toContain("warn: not registered yet; it is tried until it is");

    clock.advance(30_000);
    registry.become("registered");
    expect(await statuses()).toEqual({ ...well, registration: "SERVING" });
    expect(said().at(-1)).toBe("info: registered, after 30000 ms");
  });

  it("is registered when a real one comes, and serves on when that goes", async () => {
    const first = await startRegistryServer("127.0.0.1:0");
    const { url, address } = first;
    await first.close();
    await using registry = openRegistry(url);
    const { service, statuses } = given(registry, { registration: "eventual" });
    await service.start();
    expect(await statuses()).toEqual({ ...unready, registration: "NOT_SERVING" });
    await using back = await startRegistryServer(address.replace("grpc://", ""));
    await vi.waitFor(() => expect(service.registration?.state).toBe("registered"), { timeout: 10_000 });
    expect(await statuses()).toEqual({ ...well, registration: "SERVING" });
    expect((await registry.list()).map(({ name }) => name)).toEqual(["echo"]);
    await back.close();
    await vi.waitFor(() => expect(service.registration?.state).toBe("lost"), { timeout: 10_000 });
    expect(await statuses()).toEqual({ ...well, registration: "NOT_SERVING" });
    await service.close();
  });

  it("is told to be serving once its hooks are over, and nobody waits for that", async () => {
    const registry = new SteeredRegistry();
    registry.become("registering");
    const { service } = given(registry, { registration: "eventual" });
    await service.onReady(() => {}).start();
    expect(registry.asked[0]?.state).toBe("starting");
    expect(registry.updates.map(({ state }) => state)).toEqual(["serving"]);
  });

  it("stops as any other, also before it was ever registered", async () => {
    const registry = new SteeredRegistry();
    const { service, statuses } = given(registry, { registration: "eventual" });
    await service.start();
    await service.close();
    expect(service.registration?.state).toBe("closed");
    expect(await statuses()).toMatchObject({ whole: "UNAVAILABLE" });
  });

  it("may be told so by the environment; anything but the two is refused", () => {
    const options = { name: "echo", registry: memoryRegistry(), logger: silentLogger };
    expect(() => createService({ ...options, registration: "soon" as "eventual" })).toThrow(
      /^registration: expected required or eventual, was "soon"/,
    );
    vi.stubEnv("HAWSER_REGISTRATION", "later");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(() => createService(options)).toThrow(/^HAWSER_REGISTRATION: expected required or eventual, was "later"/);
    vi.stubEnv("HAWSER_REGISTRATION", "eventual");
    expect(() => createService(options)).not.toThrow();
  });
});

describe("a service that is stopped while its registry has not answered", () => {
  /** One that is asked, and answers when the gate opens. */
  function slow() {
    const inside = memoryRegistry();
    const [asked, answer] = [gate(), gate()];
    const registry = wrapped(inside, {
      register: async (instance, options) => {
        asked.open();
        await answer.passed;
        return await inside.register(instance, options);
      },
    });
    return { inside, registry, asked, answer };
  }

  it("is gone when its stop is over: what comes late is taken back before", async () => {
    const { inside, registry, asked, answer } = slow();
    const { service, statuses } = given(registry, { clock: new ManualClock() });
    const start = failure(service.start());
    await asked.passed;
    let over = false;
    const closing = service.close().then(() => {
      over = true;
    });
    await eventually(async () => expect(await statuses()).toMatchObject({ process: "UNAVAILABLE" }));
    expect(over).toBe(false);
    answer.open();
    await closing;
    expect(await start).toMatchObject({ message: "echo was stopped before its registration had ended" });
    expect(await inside.list()).toEqual([]);
  });

  it("waits a moment and no longer", async () => {
    const clock = new ManualClock();
    const { registry, asked } = slow();
    const { service, said } = given(registry, { clock });
    void failure(service.start());
    await asked.passed;
    const closing = service.close();
    await clock.run(1000);
    await closing;
    expect(said()).toContain("error: the registration does not end; left behind after 1000 ms");
  });
});

describe("a service whose registry cannot register", () => {
  it("starts without, says so, and is ready", async () => {
    const registry = new SteeredRegistry({ register: false });
    const { service, statuses, said } = given(registry);
    await service.start();
    expect(await statuses()).toEqual({ ...well, registration: "NOT_FOUND" });
    expect(service.registration).toBeUndefined();
    expect(service.instance.state).toBe("serving");
    expect(said()).toEqual([
      "info: not registered by itself: others tell steered://far who is there",
      expect.stringMatching(/^info: serving/),
    ]);
    await service.close();
  });
});

describe("the readiness of an app's services", () => {
  const app = defineApp({ services: [echoing("echo"), echoing("caller", { needs: ["echo"] })] });

  it("is told where they are registered for others", async () => {
    const registry = new SteeredRegistry();
    const running = await started(app, { remote: { registry, registration: "eventual" } });
    expect(running.registration("echo")?.state).toBe("registering");
    registry.become("registered");
    expect(running.registration("echo")?.state).toBe("registered");
    expect(() => running.registration("nobody")).toThrow(/"nobody" does not run here/);
  });

  it("is that of the process where nobody else shall find them", async () => {
    const running = await started(app);
    expect(running.registration("echo")).toBeUndefined();
    const health = running.client(HealthDefinition, "echo");
    expect((await health.check({})).status).toBe(Status.SERVING);
    expect(await rpcFailure(health.check({ service: "hawser.registry" }))).toMatchObject({ code: Code.NOT_FOUND });
  });

  it("does not hang on a registry that cannot register: they find each other here", async () => {
    const registry = new SteeredRegistry({ register: false });
    const logger = recordingLogger();
    const running = await started(app, { remote: { registry }, logger: () => logger });
    expect((await running.client(EchoServiceDefinition, "echo").unary({})).text).toBe("echo");
    expect(running.registration("echo")).toBeUndefined();
    const said = logger.lines.map(({ message }) => message);
    expect(said.filter((message) => message.startsWith("not registered by itself"))).toHaveLength(2);
  });
});
