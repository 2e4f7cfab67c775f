import {
  type Context,
  context,
  isSpanContextValid,
  type Span,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { Clock } from "../time/time.js";
import type { TelemetryOptions } from "./call-telemetry.js";
import { OpenSpan, type RecordedSpan } from "./recorded-span.js";
import { traceParent } from "./trace-parent.js";

/** Spans kept in memory, without an SDK; ids count up, so that the same calls give the same spans. */
export class SpanRecording {
  readonly #clock: Clock;
  #spans: RecordedSpan[] = [];
  #ids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In the order in which they began. */
  get spans(): readonly RecordedSpan[] {
    return this.#spans;
  }

  /** Forgets what there is. */
  clear(): void {
    this.#spans = [];
  }

  /** For one of the services that record here. */
  telemetry(service: string): TelemetryOptions {
    const tracer = new RecordingTracer((name, options, parent) => this.#start(service, name, options, parent));
    const tracerProvider: TracerProvider = { getTracer: () => tracer };
    return { tracerProvider, propagator: traceParent, clock: this.#clock };
  }

  #start(service: string, name: string, options: SpanOptions, parent: Context): Span {
    const within = options.root === true ? undefined : trace.getSpanContext(parent);
    const above = within !== undefined && isSpanContextValid(within) ? within : undefined;
    const spanId = (++this.#ids).toString(16).padStart(16, "0");
    const span = new OpenSpan(service, name, options, this.#clock, {
      context: { traceId: above?.traceId ?? spanId.padStart(32, "0"), spanId, traceFlags: TraceFlags.SAMPLED },
      parentSpanId: above?.spanId,
    });
    this.#spans.push(span);
    return span;
  }
}

type Start = (name: string, options: SpanOptions, parent: Context) => Span;

class RecordingTracer implements Tracer {
  readonly #start: Start;

  constructor(start: Start) {
    this.#start = start;
  }

  startSpan(name: string, options: SpanOptions = {}, parent: Context = context.active()): Span {
    return this.#start(name, options, parent);
  }

  startActiveSpan<F extends (span: Span) => ReturnType<F>>(
    name: string,
    ...rest: [run: F] | [options: SpanOptions, run: F] | [options: SpanOptions, parent: Context, run: F]
  ): ReturnType<F> {
    const run = rest.at(-1) as F;
    const [options, parent] = rest.slice(0, -1) as [SpanOptions?, Context?];
    const within = parent ?? context.active();
    const span = this.startSpan(name, options, within);
    return context.with(trace.setSpan(within, span), () => run(span));
  }
}
