import { context, metrics, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { ProtobufMetricsSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";

/** Read every second: far more often than usual, so that no slice of load goes without. */
const metricsIntervalMs = 1000;

/** Metrics go to an exporter that serialises them and throws the bytes away. */
export function startMetrics(): void {
  const exporter: PushMetricExporter = {
    export(batch, done) {
      ProtobufMetricsSerializer.serializeRequest(batch);
      done({ code: ExportResultCode.SUCCESS });
    },
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: metricsIntervalMs });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
}

/**
 * Calls are traced across the wire; spans go in batches to an exporter that serialises them and throws the bytes away.
 *
 * @param share of the calls nobody traces yet, from 0 to 1; whoever is called does as the caller does
 */
export function startTracing(share: number): void {
  const exporter: SpanExporter = {
    export(batch, done) {
      ProtobufTraceSerializer.serializeRequest(batch);
      done({ code: ExportResultCode.SUCCESS });
    },
    shutdown: async () => {},
  };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) });
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(exporter)] }),
  );
}
