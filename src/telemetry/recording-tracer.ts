import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { Clock } from "../time/time.js";
import type { TelemetryOptions } from "./call-telemetry.js";
import { traceParent } from "./trace-parent.js";

/** One span as it stands: it has ended where `endedAt` is there. Moments are in ms, by the recording's clock. */
export interface RecordedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the first of a trace. */
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  readonly events: readonly RecordedSpanEvent[];
  readonly status: "unset" | "ok" | "error";
  readonly statusMessage: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
}

export interface RecordedSpanEvent {
  readonly name: string;
  readonly attributes: Attributes;
  readonly at: number;
}

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
    const above = options.root === true ? INVALID_SPAN_CONTEXT : (trace.getSpanContext(parent) ?? INVALID_SPAN_CONTEXT);
    const isChild = isSpanContextValid(above);
    const spanId = (++this.#ids).toString(16).padStart(16, "0");
    const traceId = isChild ? above.traceId : spanId.padStart(32, "0");
    const span = new OpenSpan(service, name, options, this.#clock, {
      context: { traceId, spanId, traceFlags: TraceFlags.SAMPLED },
      parentSpanId: isChild ? above.spanId : undefined,
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

const kinds = {
  [SpanKind.INTERNAL]: "internal",
  [SpanKind.SERVER]: "server",
  [SpanKind.CLIENT]: "client",
  [SpanKind.PRODUCER]: "producer",
  [SpanKind.CONSUMER]: "consumer",
} as const;

const statuses = {
  [SpanStatusCode.UNSET]: "unset",
  [SpanStatusCode.OK]: "ok",
  [SpanStatusCode.ERROR]: "error",
} as const;

/** Takes what is said of it until it has ended. */
class OpenSpan implements Span, RecordedSpan {
  readonly service: string;
  readonly kind: RecordedSpan["kind"];
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  readonly events: RecordedSpanEvent[] = [];
  readonly startedAt: number;
  name: string;
  status: RecordedSpan["status"] = "unset";
  statusMessage: string | undefined;
  endedAt: number | undefined;
  readonly #context: SpanContext;
  readonly #clock: Clock;

  constructor(
    service: string,
    name: string,
    { kind = SpanKind.INTERNAL, attributes = {} }: SpanOptions,
    clock: Clock,
    place: { readonly context: SpanContext; readonly parentSpanId: string | undefined },
  ) {
    this.service = service;
    this.name = name;
    this.kind = kinds[kind];
    this.attributes = { ...attributes };
    this.parentSpanId = place.parentSpanId;
    this.startedAt = clock.now();
    this.#context = place.context;
    this.#clock = clock;
  }

  get traceId(): string {
    return this.#context.traceId;
  }

  get spanId(): string {
    return this.#context.spanId;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return this.endedAt === undefined;
  }

  setAttribute(key: string, value: Attributes[string]): this {
    return this.setAttributes({ [key]: value });
  }

  setAttributes(attributes: Attributes): this {
    if (this.isRecording()) Object.assign(this.attributes, attributes);
    return this;
  }

  addEvent(name: string, attributes?: unknown): this {
    const own =
      typeof attributes === "object" &&
      attributes !== null &&
      !(attributes instanceof Date) &&
      !Array.isArray(attributes);
    if (this.isRecording()) {
      this.events.push({ name, attributes: own ? (attributes as Attributes) : {}, at: this.#clock.now() });
    }
    return this;
  }

  addLink(_link: Link): this {
    return this;
  }

  addLinks(_links: Link[]): this {
    return this;
  }

  setStatus({ code, message }: SpanStatus): this {
    if (!this.isRecording()) return this;
    this.status = statuses[code];
    this.statusMessage = message;
    return this;
  }

  updateName(name: string): this {
    if (this.isRecording()) this.name = name;
    return this;
  }

  recordException(exception: unknown): void {
    const { name, message, stack } = exception instanceof Error ? exception : new Error(String(exception));
    this.addEvent("exception", {
      "exception.type": name,
      "exception.message": message,
      ...(stack === undefined ? {} : { "exception.stacktrace": stack }),
    });
  }

  end(): void {
    this.endedAt ??= this.#clock.now();
  }
}
