import { context, metrics, propagation, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { node } from "@opentelemetry/sdk-node";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";

/** The real SDK, registered as an application would, with its exporters in memory. */
export class TestSdk {
  readonly meterProvider: MeterProvider;
  readonly #spans = new InMemorySpanExporter();
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #tracerProvider: node.NodeTracerProvider;
  #started = 0;

  constructor(options: { readonly sampler?: Sampler; readonly spanProcessors?: SpanProcessor[] } = {}) {
    const count: SpanProcessor = {
      onStart: () => {
        this.#started++;
      },
      onEnd() {},
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    this.#tracerProvider = new node.NodeTracerProvider({
      ...(options.sampler === undefined ? {} : { sampler: options.sampler }),
      spanProcessors: [count, ...(options.spanProcessors ?? []), new SimpleSpanProcessor(this.#spans)],
    });
    this.meterProvider = new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter: this.#metrics, exportIntervalMillis: 2 ** 31 - 1 })],
    });
  }

  register(): this {
    this.#tracerProvider.register();
    metrics.setGlobalMeterProvider(this.meterProvider);
    return this;
  }

  /** Those that have ended, in that order. */
  get spans(): readonly ReadableSpan[] {
    return this.#spans.getFinishedSpans();
  }

  /** How many have begun and not ended. */
  get openSpans(): number {
    return this.#started - this.spans.length;
  }

  async points<Value = number>(metric: string): Promise<readonly DataPoint<Value>[]> {
    this.#metrics.reset();
    await this.meterProvider.forceFlush();
    const found = this.#metrics
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap((scope) => scope.metrics)
      .find(({ descriptor }) => descriptor.name === metric);
    return (found?.dataPoints ?? []) as unknown as readonly DataPoint<Value>[];
  }

  async histograms(metric: string): Promise<readonly DataPoint<Histogram>[]> {
    return this.points<Histogram>(metric);
  }

  async close(): Promise<void> {
    for (const api of [trace, metrics, propagation, context]) api.disable();
    await Promise.all([this.#tracerProvider.shutdown(), this.meterProvider.shutdown()]);
  }
}
