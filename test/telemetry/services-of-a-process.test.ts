import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { serverTelemetry, startTelemetry } from "../../src/telemetry/telemetry.js";
import { freePort } from "../support/free-ports.js";
import { attributesOf, Collector } from "./support/collector.js";
import { FakeHandlerCall, methodOf, replyWith } from "./support/fake-call.js";
import { json, type Line, runProcess } from "./support/run-process.js";
import { TestSdk } from "./support/sdk.js";

function run(scenario: string, env: Record<string, string>): Promise<Line[]> {
  return runProcess("two-services.ts", scenario, env);
}

interface SpanOf {
  readonly service: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

function bodies(collector: Collector, signal: "traces" | "metrics"): readonly { readonly [field: string]: unknown }[] {
  return collector.received.filter(({ path }) => path === `/v1/${signal}`).map(({ body }) => body);
}

/** What was exported of one kind, by resource. */
// biome-ignore lint/suspicious/noExplicitAny: OTLP as JSON
function exported(collector: Collector, signal: "traces" | "metrics"): any[] {
  const field = signal === "traces" ? "resourceSpans" : "resourceMetrics";
  return bodies(collector, signal).flatMap((body) => body[field] as unknown[]);
}

function spansOf(collector: Collector): SpanOf[] {
  return exported(collector, "traces").flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }: { spans: SpanOf[] }) =>
      spans.map((span) => ({ ...span, service: attributesOf(resource)["service.name"] })),
    ),
  );
}

/** The names of the metrics of each service, in the order of export. */
function metricsOf(collector: Collector): (readonly [service: string | undefined, metrics: string[]])[] {
  return exported(collector, "metrics").map(({ resource, scopeMetrics }) => [
    attributesOf(resource)["service.name"],
    scopeMetrics[0].metrics.map(({ name }: { name: string }) => name).sort(),
  ]);
}

function resourcesOf(collector: Collector): { [service: string]: { [key: string]: string } } {
  const all = exported(collector, "traces").map(({ resource }) => attributesOf(resource));
  return Object.fromEntries(all.map((attributes) => [attributes["service.name"], attributes]));
}

const client = ["rpc.client.call.duration", "hawser.client.calls_in_flight"].sort();
const server = ["rpc.server.call.duration", "hawser.server.calls_in_flight"].sort();

describe("two services in one process", () => {
  it("are two services in one trace, each span the child of its caller's", async () => {
    await using collector = new Collector();
    const lines = await run("once", {
      ...json,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${await collector.listen()}/v1/traces`,
    });

    const spans = spansOf(collector);
    const path: SpanOf[] = [];
    for (let parent = ""; path.length < spans.length; parent = path.at(-1)?.spanId as string) {
      path.push(spans.find(({ parentSpanId = "" }) => parentSpanId === parent) as SpanOf);
    }
    const call = "hawser.test.v1.EchoService/Unary";
    expect(path.map(({ service, name, kind }) => [service, name, kind])).toEqual([
      ["shop", call, 3],
      ["orders", call, 2],
      ["orders", "look it up", 1],
      ["orders", call, 3],
      ["inventory", call, 2],
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const { traceId, spanId } = path[2] as SpanOf;
    expect(lines.find(({ msg }) => msg === "handling")).toMatchObject({ trace_id: traceId, span_id: spanId });
  });

  it("export their spans together", async () => {
    await using collector = new Collector();
    await run("once", {
      ...json,
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(),
      OTEL_METRICS_EXPORTER: "none",
    });
    expect(collector.received.map(({ path }) => path)).toEqual(["/v1/traces"]);
    expect(exported(collector, "traces")).toHaveLength(3);
  });

  it("export each its own metrics, and the program those of nobody else", async () => {
    await using collector = new Collector();
    await run("once", { ...json, OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(), OTEL_TRACES_EXPORTER: "none" });
    expect(new Map(metricsOf(collector))).toEqual(
      new Map([
        ["orders", [...client, ...server].sort()],
        ["inventory", server],
        ["shop", client],
      ]),
    );
    expect(collector.received.map(({ path }) => path)).toEqual(["/v1/metrics", "/v1/metrics", "/v1/metrics"]);
  });

  it("keep their own version and instance, and say which program they are of", async () => {
    await using collector = new Collector();
    await run("once", {
      ...json,
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(),
      OTEL_METRICS_EXPORTER: "none",
    });
    const { orders, inventory, shop } = resourcesOf(collector);
    expect(orders).toMatchObject({
      "service.namespace": "shop",
      "service.version": "1.2.3",
      "service.instance.id": "orders-1",
      "telemetry.sdk.language": "nodejs",
    });
    expect(inventory).toMatchObject({ "service.namespace": "shop", "service.instance.id": "inventory-1" });
    expect(shop).toMatchObject({ "service.version": "9.9.9" });
    expect(shop).not.toHaveProperty("service.namespace");
    expect(orders).toHaveProperty(["process.pid"], shop?.["process.pid"]);
  });

  it("take what the environment says of them all, its name for a namespace", async () => {
    await using collector = new Collector();
    await run("once", {
      ...json,
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(),
      OTEL_METRICS_EXPORTER: "none",
      OTEL_SERVICE_NAME: "market",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.version=4.5.6,service.instance.id=pod-7",
    });
    const all = resourcesOf(collector);
    expect(Object.keys(all).sort()).toEqual(["inventory", "market", "orders"]);
    for (const name of ["orders", "inventory"]) {
      expect(all[name]).toMatchObject({
        "service.namespace": "market",
        "service.version": "4.5.6",
        "service.instance.id": `${name}-1`,
        "deployment.environment.name": "test",
      });
    }
  });

  it("keep the namespace that the environment gives", async () => {
    await using collector = new Collector();
    await run("once", {
      ...json,
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(),
      OTEL_METRICS_EXPORTER: "none",
      OTEL_RESOURCE_ATTRIBUTES: "service.namespace=harbour",
    });
    expect(resourcesOf(collector)["orders"]).toMatchObject({ "service.namespace": "harbour" });
  });

  it("are sampled as the environment says", async () => {
    await using collector = new Collector();
    await run("once", {
      ...json,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${await collector.listen()}/v1/traces`,
      OTEL_TRACES_SAMPLER: "always_off",
    });
    expect(collector.received).toEqual([]);
  });

  it("stand on one page for Prometheus, told apart by a label, until they leave", async () => {
    const lines = await run("scraped", {
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
      OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()), // 0 would be its default port
    });
    const [page, later] = lines.filter(({ msg }) => msg.startsWith("scraped")).map(({ metrics }) => metrics as string);
    for (const name of ["orders", "inventory"]) {
      expect(page).toMatch(
        new RegExp(
          `^rpc_server_call_duration_count\\{.*service_name="${name}",service_instance_id="${name}-1".*\\} 1$`,
          "m",
        ),
      );
    }
    expect(page?.match(/^# TYPE rpc_server_call_duration histogram$/gm)).toHaveLength(1);
    expect(later).toMatch(/service_name="orders"/);
    expect(later).not.toMatch(/service_name="inventory"/);
  });

  it("may end one before the other: its metrics are exported then, and it is heard of no more", async () => {
    await using collector = new Collector();
    const lines = await run("leaving", {
      ...json,
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(),
      OTEL_TRACES_EXPORTER: "none",
    });
    expect(lines.map(({ msg }) => msg)).toContain("done");
    expect(metricsOf(collector).map(([service]) => service)).toEqual(["inventory", "orders", "shop"]);
  });

  it("send metrics as protobuf where nothing else is asked for", async () => {
    await using collector = new Collector();
    await run("once", { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${await collector.listen()}/v1/metrics` });
    expect(collector.received.map(({ contentType }) => contentType)).toEqual(Array(3).fill("application/x-protobuf"));
  });

  it("send metrics by gRPC where that is asked for", async () => {
    const heard: string[] = [];
    const receiver = createServer((socket) => {
      socket.once("data", (bytes) => {
        heard.push(bytes.toString("latin1"));
        socket.destroy();
      });
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    await run("once", {
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "500",
    });
    expect(heard[0]).toMatch(/^PRI \* HTTP\/2\.0/);
    await new Promise((resolve) => receiver.close(resolve));
  });

  it("have nothing of their own where nothing is exported", async () => {
    const lines = await run("empty", {});
    expect(lines[0]).toMatchObject({ own: ["close"] });
  });
});

describe("forService", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("has something to give for as long as somebody shares the telemetry", async () => {
    await using collector = new Collector();
    vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", `${await collector.listen()}/v1/traces`);
    const first = await startTelemetry({ serviceName: "shop" });
    const second = await startTelemetry({ serviceName: "shop" });
    await first.close();
    expect(second.forService({ serviceName: "orders" })).toHaveProperty("tracerProvider");
    expect(second.forService({ serviceName: "orders" })).not.toHaveProperty("meterProvider");
    await second.close();
    expect(second.forService({ serviceName: "orders" })).not.toHaveProperty("tracerProvider");
  });

  it("leaves an SDK that the application started alone", async () => {
    vi.stubEnv("OTEL_TRACES_EXPORTER", "console");
    vi.stubEnv("OTEL_METRICS_EXPORTER", "console");
    const sdk = new TestSdk().register();
    const own = (await startTelemetry({ serviceName: "shop" })).forService({ serviceName: "orders" });
    expect(own).not.toHaveProperty("tracerProvider");
    expect(own).not.toHaveProperty("meterProvider");
    await serverTelemetry({ ...own })(async () => replyWith("pong"))(
      new FakeHandlerCall({ method: methodOf("unary") }),
    );
    expect(sdk.spans).toHaveLength(1);
    await sdk.close();
  });

  it.each([undefined, "", 7])("rejects %j as the name of a service", async (serviceName) => {
    const telemetry = await startTelemetry({ serviceName: "shop" });
    expect(() => telemetry.forService({ serviceName: serviceName as string })).toThrow(
      /forService: serviceName is .*expected the name of the service/,
    );
  });
});
