import {
  type Attributes,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
} from "@opentelemetry/api";
import type { Clock } from "../time/time.js";

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
export class OpenSpan implements Span, RecordedSpan {
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

  /** Links are not kept. */
  addLink(): this {
    return this;
  }

  addLinks(): this {
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
