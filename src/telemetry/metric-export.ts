import { createRequire } from "node:module";
import { diag } from "@opentelemetry/api";
import type { metrics, resources } from "@opentelemetry/sdk-node";
import { ServicesPage } from "./services-page.js";

type SdkNode = typeof import("@opentelemetry/sdk-node");
type Reader = metrics.IMetricReader;
type Exporter = metrics.PushMetricExporter;

/** One way out of the process for the metrics of any number of providers: a reader belongs to one, what it exports by need not. */
export interface MetricExport {
  /** For the provider of the process. Ends the exporter with it, so that one is shut down last. */
  readonly reader: Reader;
  /** For the provider of one service. */
  readerOf(service: { readonly [label: string]: string }): Reader;
  /** The provider of a reader is about to be shut down. */
  forget(reader: Reader): void;
}

/**
 * As `NodeSDK` reads `OTEL_METRICS_EXPORTER` and what belongs to it. It makes its readers itself and gives none out, so
 * they are made here, of the exporters that it depends on.
 */
export function metricExportsFromEnv(sdk: SdkNode, resource: resources.Resource): readonly MetricExport[] {
  const names = sdk.core.getStringListFromEnv("OTEL_METRICS_EXPORTER") ?? [];
  if (names.includes("none")) return [];
  return [...new Set(names.length === 0 ? ["otlp"] : names)].flatMap((name) => {
    if (name === "otlp") return pushing(sdk, otlpExporter());
    if (name === "console") return pushing(sdk, new sdk.metrics.ConsoleMetricExporter());
    if (name === "prometheus") return onPage(resource);
    diag.warn(`OTEL_METRICS_EXPORTER: no "${name}" here; there are otlp, prometheus, console, none`);
    return [];
  });
}

function pushing({ core, metrics }: SdkNode, exporter: Exporter): MetricExport {
  const number = (name: string, otherwise: number): number => {
    const value = core.getNumberFromEnv(name) ?? otherwise;
    return value > 0 ? value : otherwise;
  };
  const exportIntervalMillis = number("OTEL_METRIC_EXPORT_INTERVAL", 60_000);
  const exportTimeoutMillis = Math.min(number("OTEL_METRIC_EXPORT_TIMEOUT", 30_000), exportIntervalMillis);
  const readerBy = (by: Exporter): Reader =>
    new metrics.PeriodicExportingMetricReader({ exporter: by, exportIntervalMillis, exportTimeoutMillis });
  return { reader: readerBy(exporter), readerOf: () => readerBy(shared(exporter)), forget() {} };
}

/** The same exporter, for one of several who use it: it goes on when that one is shut down. */
function shared(exporter: Exporter): Exporter {
  const { selectAggregation, selectAggregationTemporality } = exporter;
  return {
    export: (batch, done) => exporter.export(batch, done),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => Promise.resolve(),
    ...(selectAggregation && { selectAggregation: selectAggregation.bind(exporter) }),
    ...(selectAggregationTemporality && {
      selectAggregationTemporality: selectAggregationTemporality.bind(exporter),
    }),
  };
}

/** Prometheus reads one page a process. */
function onPage(resource: resources.Resource): MetricExport {
  const { PrometheusExporter } = exporterPackage("prometheus");
  const services = new ServicesPage(resource);
  return {
    reader: new PrometheusExporter({ metricProducers: [services] }),
    readerOf(labels) {
      const reader = new PrometheusExporter({ preventServerStart: true });
      services.add(reader, labels);
      return reader;
    },
    forget: (reader) => services.remove(reader),
  };
}

const otlpPackages: { readonly [protocol: string]: string } = {
  grpc: "metrics-otlp-grpc",
  "http/json": "metrics-otlp-http",
  "http/protobuf": "metrics-otlp-proto",
};

function otlpExporter(): Exporter {
  const { OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: own, OTEL_EXPORTER_OTLP_PROTOCOL: common } = process.env;
  const asked = own?.trim() || common?.trim() || "http/protobuf";
  const known = otlpPackages[asked];
  if (known === undefined) diag.warn(`OTLP for metrics speaks no "${asked}"; using http/protobuf`);
  const { OTLPMetricExporter } = exporterPackage(known ?? "metrics-otlp-proto");
  return new OTLPMetricExporter();
}

interface ExporterPackage {
  readonly OTLPMetricExporter: new () => Exporter;
  readonly PrometheusExporter: new (options: {
    readonly metricProducers?: metrics.MetricProducer[];
    readonly preventServerStart?: boolean;
  }) => metrics.MetricReader;
}

/** Out of what `@opentelemetry/sdk-node` depends on: nothing that has to be installed by itself. */
function exporterPackage(name: string): ExporterPackage {
  const sdk = createRequire(import.meta.url).resolve("@opentelemetry/sdk-node");
  return createRequire(sdk)(`@opentelemetry/exporter-${name}`);
}
