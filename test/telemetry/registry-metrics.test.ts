import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { startRegistryServer } from "../../src/cli/app/registry-server.js";
import { type RegistryEvent, silentLogger } from "../../src/contract/contract.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import type { Registry, Snapshot } from "../../src/registry/registry.js";
import { staticRegistry } from "../../src/registry/static/static.js";
import { createService, openRegistry } from "../../src/service/service.js";
import { registryMetrics } from "../../src/telemetry/telemetry.js";
import { eventually } from "../support/eventually.js";
import { ManualClock } from "../support/manual-clock.js";
import { instance } from "./support/fake-call.js";
import { TestSdk } from "./support/sdk.js";

let sdk: TestSdk;
let clock: ManualClock;
beforeEach(() => {
  sdk = new TestSdk();
  clock = new ManualClock();
});
afterEach(() => sdk.close());

/** A registry's monitor, and the values read since: by the attributes given, joined with a space. */
function given(registry?: string) {
  const monitor = registryMetrics({ meterProvider: sdk.meterProvider, clock, ...(registry && { registry }) });
  const tell = (...events: readonly RegistryEvent[]): void => events.forEach(monitor);
  return { monitor, tell };
}

async function values(metric: string, ...attributes: readonly string[]): Promise<{ [series: string]: number }> {
  const points = await sdk.points(metric);
  return Object.fromEntries(
    points.map(({ attributes: all, value }) => [attributes.map((each) => all[each]).join(" "), value]),
  );
}

function registrations(): Promise<{ [series: string]: number }> {
  return values("hawser.registry.registrations", "hawser.service.name", "hawser.registration.state");
}

function of(metric: string): Promise<{ [series: string]: number }> {
  return values(`hawser.registry.${metric}`, "hawser.service.name");
}

/** Follows a service until its first set has been told. */
function firstSnapshot(registry: Registry, service: string) {
  return new Promise<{ close(): Promise<void> }>((resolve) => {
    const watch = registry.watch(service, (_snapshot: Snapshot) => resolve(watch));
  });
}

describe("the metrics of registrations", () => {
  it("count instances by how they stand, and go to 0 when they are closed", async () => {
    const { tell } = given();
    tell({ type: "registration", service: "orders", id: "orders-1", state: "registered" });
    tell({ type: "registration", service: "orders", id: "orders-2", state: "registering" });
    tell({ type: "registration", service: "stock", id: "stock-1", state: "registered" });
    expect(await registrations()).toEqual({ "orders registered": 1, "orders registering": 1, "stock registered": 1 });

    tell({ type: "registration", service: "orders", id: "orders-1", state: "lost" });
    tell({ type: "registration", service: "orders", id: "orders-2", state: "registered" });
    tell({ type: "registration", service: "stock", id: "stock-1", state: "closed" });
    expect(await registrations()).toEqual({
      "orders registered": 1,
      "orders registering": 0,
      "orders lost": 1,
      "stock registered": 0,
    });
  });

  it("say how often the registry was asked to keep them, and whether it did", async () => {
    const { tell } = given();
    tell({ type: "renewal", ok: true }, { type: "renewal", ok: true }, { type: "renewal", ok: false });
    expect(await values("hawser.registry.renewals", "hawser.outcome")).toEqual({ ok: 2, failed: 1 });
  });
});

describe("the metrics of watched services", () => {
  it("say how many instances there are, whether that is stale, and how old it is", async () => {
    const { tell } = given();
    tell({ type: "confirmed", service: "orders" });
    tell({ type: "snapshot", service: "orders", instances: 3, stale: false });
    clock.advance(1500);
    expect(await of("instances")).toEqual({ orders: 3 });
    expect(await of("stale")).toEqual({ orders: 0 });
    expect(await of("snapshot_age")).toEqual({ orders: 1.5 });

    tell({ type: "snapshot", service: "orders", instances: 3, stale: true });
    clock.advance(60_000);
    expect(await of("stale")).toEqual({ orders: 1 });
    expect(await of("snapshot_age")).toEqual({ orders: 61.5 });

    tell({ type: "confirmed", service: "orders" }, { type: "snapshot", service: "orders", instances: 2, stale: false });
    expect(await of("instances")).toEqual({ orders: 2 });
    expect(await of("stale")).toEqual({ orders: 0 });
    expect(await of("snapshot_age")).toEqual({ orders: 0 });
  });

  it("call a picture stale before the registry has answered for the first time, and give it no age", async () => {
    const { tell } = given();
    tell({ type: "watched", service: "orders" });
    expect(await of("stale")).toEqual({ orders: 1 });
    expect(await of("instances")).toEqual({ orders: 0 });
    expect(await of("snapshot_age")).toEqual({});
    tell({ type: "confirmed", service: "orders" }, { type: "snapshot", service: "orders", instances: 0, stale: false });
    expect(await of("stale")).toEqual({ orders: 0 });
    expect(await of("snapshot_age")).toEqual({ orders: 0 });
  });

  it("give no age to a picture whose truth is in this process", async () => {
    const { monitor } = given();
    const services = { orders: [{ endpoints: ["grpc://10.0.0.1:1"] }] };
    await using memory = memoryRegistry({ monitor, clock });
    await using list = staticRegistry({ services, monitor, clock });
    for (const registry of [memory, list]) await firstSnapshot(registry, "orders");
    clock.advance(3_600_000);
    expect(await of("stale")).toEqual({ orders: 0 });
    expect(await of("snapshot_age")).toEqual({});
  });

  it("count changes, and the restarts of watches", async () => {
    const { tell } = given();
    tell({ type: "changes", service: "orders", count: 3 }, { type: "changes", service: "orders", count: 1 });
    tell({ type: "watch-restart", service: "stock" });
    expect(await of("changes")).toEqual({ orders: 4 });
    expect(await of("watch_restarts")).toEqual({ stock: 1 });
  });

  it("go to 0 where nobody watches any more, and come back with the next who does", async () => {
    const { tell } = given();
    const told: RegistryEvent[] = [
      { type: "confirmed", service: "orders" },
      { type: "snapshot", service: "orders", instances: 3, stale: true },
    ];
    tell(...told);
    clock.advance(9000);
    expect(await of("instances")).toEqual({ orders: 3 });
    tell({ type: "unwatched", service: "orders" });
    for (const metric of ["instances", "stale", "snapshot_age"]) expect(await of(metric)).toEqual({ orders: 0 });
    clock.advance(9000);
    expect(await of("snapshot_age")).toEqual({ orders: 0 });
    tell(...told);
    expect(await of("instances")).toEqual({ orders: 3 });
  });

  it("are not grown by what comes and goes between two readings", async () => {
    const { tell } = given();
    for (let number = 0; number < 5000; number++) {
      tell({ type: "snapshot", service: `passing-${number}`, instances: 1, stale: false });
      tell({ type: "unwatched", service: `passing-${number}` });
    }
    tell({ type: "snapshot", service: "orders", instances: 1, stale: false });
    expect(await of("instances")).toEqual({ orders: 1 });
  });
});

describe("the metrics of registries", () => {
  it("are of what a registry really does", async () => {
    const { monitor } = given();
    await using registry = memoryRegistry({ monitor, clock });
    const orders = { ...instance("orders-1"), service: "orders" };
    const registration = await registry.register(orders);
    const watch = await firstSnapshot(registry, "orders");
    expect(await registrations()).toEqual({ "orders registered": 1 });
    expect(await of("instances")).toEqual({ orders: 1 });
    await registration.close();
    await watch.close();
    expect(await registrations()).toEqual({ "orders registered": 0 });
    expect(await of("instances")).toEqual({ orders: 0 });
  });

  it("are there where a service opens its registry itself", async () => {
    await using server = await startRegistryServer("127.0.0.1:0");
    vi.stubEnv("HAWSER_REGISTRY", server.url);
    onTestFinished(() => void vi.unstubAllEnvs());
    const telemetry = { meterProvider: sdk.meterProvider };
    await using service = createService({ name: "orders", logger: silentLogger, telemetry, drainMs: 0 });
    await service.start();
    expect(await registrations()).toEqual({ "orders registered": 1 });
    expect(Object.keys(await values("hawser.registry.registrations", "hawser.registry.name"))).toEqual([server.url]);
    await service.close();
    expect(await registrations()).toEqual({ "orders registered": 0 });
  });

  it("are those of the whole where a URL names several: one that is away loses nobody and makes nothing stale", async () => {
    await using stays = await startRegistryServer("127.0.0.1:0");
    await using leaves = await startRegistryServer("127.0.0.1:0");
    const { monitor } = given();
    const told: RegistryEvent[] = [];
    await using registry = openRegistry(`${leaves.url} ${stays.url}`, {
      monitor: (event) => {
        told.push(event);
        monitor(event);
      },
    });
    const registration = await registry.register({ ...instance("orders-1"), service: "orders" });
    await firstSnapshot(registry, "orders");
    await leaves.close();
    await eventually(() => expect(told).toContainEqual({ type: "watch-restart", service: "orders" }));
    expect(registration.state).toBe("registered");
    expect(await registrations()).toEqual({ "orders registered": 1 });
    expect(await of("stale")).toEqual({ orders: 0 });
    expect(await of("snapshot_age")).toHaveProperty("orders");
    expect(told.filter(({ type }) => type === "watched")).toHaveLength(1);
  });

  it("are one sum where several are one, and apart where they have names", async () => {
    const [one, same, other] = [given("etcd://a"), given("etcd://a"), given("etcd://b")];
    for (const [index, { tell }] of [one, same, other].entries()) {
      tell({ type: "registration", service: "orders", id: `orders-${index}`, state: "registered" });
      tell({ type: "snapshot", service: "stock", instances: 3, stale: index === 1 });
    }
    const names = ["hawser.registry.name", "hawser.service.name"];
    expect(await values("hawser.registry.registrations", ...names)).toEqual({
      "etcd://a orders": 2,
      "etcd://b orders": 1,
    });
    expect(await values("hawser.registry.instances", ...names)).toEqual({ "etcd://a stock": 3, "etcd://b stock": 3 });
    expect(await values("hawser.registry.stale", ...names)).toEqual({ "etcd://a stock": 1, "etcd://b stock": 0 });
  });

  it("begin with what is known already when an SDK starts later", async () => {
    const monitor = registryMetrics({ clock });
    monitor({ type: "registration", service: "orders", id: "orders-1", state: "registered" });
    sdk.register();
    monitor({ type: "renewal", ok: true });
    expect(await registrations()).toEqual({ "orders registered": 1 });
    expect(await values("hawser.registry.renewals", "hawser.outcome")).toEqual({ ok: 1 });
  });
});
