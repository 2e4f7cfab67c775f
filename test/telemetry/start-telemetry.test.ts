import { fileURLToPath } from "node:url";
import { trace } from "@opentelemetry/api";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startTelemetry } from "../../src/telemetry/telemetry.js";
import { wantedSignals } from "../../src/telemetry/wanted-signals.js";
import { freePort } from "../support/free-ports.js";
import { attributesOf, Collector } from "./support/collector.js";
import { json, type Line, runProcess } from "./support/run-process.js";
import { TestSdk } from "./support/sdk.js";

const withoutSdk = fileURLToPath(new URL("support/missing-sdk.mjs", import.meta.url));

function run(scenario: string, env: Record<string, string>, nodeOptions: string[] = []): Promise<Line[]> {
  return runProcess("traced-process.ts", scenario, env, nodeOptions);
}

describe("startTelemetry in a process of its own", () => {
  it("exports spans and metrics to the collector the environment names, at the latest when it closes", async () => {
    await using collector = new Collector();
    const lines = await run("once", { ...json, OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen() });

    const traces = collector.received.find(({ path }) => path === "/v1/traces")?.body.resourceSpans[0];
    expect(attributesOf(traces.resource)).toMatchObject({
      "service.name": "orders",
      "service.version": "1.2.3",
      "service.instance.id": "orders-1",
    });
    const [span] = traces.scopeSpans[0].spans;
    expect(span.name).toBe("hawser.test.v1.EchoService/Unary");
    expect(lines.find(({ msg }) => msg === "handling")).toMatchObject({ trace_id: span.traceId, span_id: span.spanId });

    const metrics = collector.received.find(({ path }) => path === "/v1/metrics")?.body.resourceMetrics[0];
    expect(metrics.scopeMetrics[0].metrics.map(({ name }: { name: string }) => name)).toContain(
      "rpc.server.call.duration",
    );
  });

  it("speaks protobuf where nothing else is asked for, and sends only the signals that are", async () => {
    await using collector = new Collector();
    await run("once", { OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(), OTEL_METRICS_EXPORTER: "none" });
    expect(collector.received.map(({ path, contentType }) => [path, contentType])).toEqual([
      ["/v1/traces", "application/x-protobuf"],
    ]);
  });

  it("lets the environment name the service", async () => {
    await using collector = new Collector();
    const endpoint = await collector.listen();
    await run("once", {
      ...json,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces`,
      OTEL_SERVICE_NAME: "shop",
    });
    expect(attributesOf(collector.received[0]?.body.resourceSpans[0].resource)).toMatchObject({
      "service.name": "shop",
      "service.version": "1.2.3",
    });
  });

  it("is shared by the services of a process: the last to close ends it", async () => {
    await using collector = new Collector();
    const lines = await run("shared", { ...json, OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen() });
    const traces = collector.received.filter(({ path }) => path === "/v1/traces");
    expect(traces).toHaveLength(1);
    expect(attributesOf(traces[0]?.body.resourceSpans[0].resource)["service.name"]).toBe("orders");
    expect(lines.find(({ msg }) => msg === "closed")).toMatchObject({ recording: false });
  });

  it("can be started again after it was closed", async () => {
    await using collector = new Collector();
    await run("again", { ...json, OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen() });
    expect(collector.received.map(({ path }) => path)).toContain("/v1/traces");
  });

  it("lets Prometheus read the metrics, and needs no collector for that", async () => {
    const lines = await run("scraped", {
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
      OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()), // 0 would be its default port
    });
    const scraped = lines.find(({ msg }) => msg === "scraped")?.["metrics"];
    expect(scraped).toMatch(/^rpc_server_call_duration_count\{.*rpc_status_code="OK".*\} 1$/m);
    expect(scraped).toMatch(/^hawser_server_calls_in_flight\{.*\} 0$/m);
  });

  it("does nothing where no exporter and no endpoint is named", async () => {
    const lines = await run("once", {}, ["--import", withoutSdk]);
    expect(lines.map(({ msg }) => msg)).toEqual(["handling", "done"]);
    expect(lines[0]).not.toHaveProperty("trace_id");
  });

  it("does nothing where the SDK is disabled", async () => {
    await using collector = new Collector();
    await run("once", { OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(), OTEL_SDK_DISABLED: "true" });
    expect(collector.received).toEqual([]);
  });

  it("says what to install where the SDK is missing", async () => {
    const starting = run("once", { OTEL_TRACES_EXPORTER: "console" }, ["--import", withoutSdk]);
    await expect(starting).rejects.toThrow(/npm install @opentelemetry\/sdk-node/);
  });

  it("closes in time, and tells the log, where the collector does not answer", async () => {
    await using collector = new Collector(true);
    const lines = await run("hurried", { ...json, OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen() });
    expect(lines.map(({ msg }) => msg)).toContain("done");
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "warn",
        msg: "telemetry: some of it is lost",
        err: expect.objectContaining({ message: "the last export did not end within 500 ms" }),
      }),
    );
  });

  it("goes on without a collector, and tells the log", async () => {
    const lines = await run("hurried", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" });
    expect(lines.map(({ msg }) => msg)).toContain("done");
    expect(lines.some(({ level, msg }) => level === "warn" && msg.startsWith("telemetry: "))).toBe(true);
  });
});

describe("startTelemetry beside an SDK the application started", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("leaves it alone", async () => {
    vi.stubEnv("OTEL_TRACES_EXPORTER", "console");
    const sdk = new TestSdk().register();
    const telemetry = await startTelemetry({ serviceName: "orders" });
    await telemetry.close();
    trace.getTracer("test").startSpan("still recorded").end();
    expect(sdk.spans).toHaveLength(1);
    await sdk.close();
  });
});

describe("startTelemetry's options", () => {
  it.each([undefined, "", 7])("reject %j as the name of a service", async (serviceName) => {
    const starting = startTelemetry({ serviceName: serviceName as string });
    await expect(starting).rejects.toThrow(/startTelemetry: serviceName is .*expected the name of the service/);
  });
});

describe("what the environment asks for", () => {
  const nothing = { traces: false, metrics: false, logs: false };
  const everything = { traces: true, metrics: true, logs: true };

  it.each([
    [{}, nothing],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }, everything],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, nothing],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/v1/traces" }, { ...nothing, traces: true }],
    [{ OTEL_METRICS_EXPORTER: "prometheus" }, { ...nothing, metrics: true }],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318", OTEL_METRICS_EXPORTER: "none" },
      { ...everything, metrics: false },
    ],
    [{ OTEL_TRACES_EXPORTER: "otlp" }, { ...nothing, traces: true }],
    [{ OTEL_TRACES_EXPORTER: "otlp", OTEL_SDK_DISABLED: "TRUE" }, nothing],
    [
      { OTEL_TRACES_EXPORTER: "otlp", OTEL_SDK_DISABLED: "1" },
      { ...nothing, traces: true },
    ],
  ])("is read from %j", (env, expected) => {
    expect(wantedSignals(env)).toEqual(expected);
  });
});
