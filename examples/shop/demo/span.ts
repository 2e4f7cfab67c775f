/** One attempt of a call, as its caller saw it. */
export interface Attempt {
  readonly number: number;
  readonly instance: string;
  readonly code: string;
}

export interface Span {
  readonly traceId: string;
  readonly id: string;
  /** Empty for the first of its trace. */
  readonly parentId: string;
  readonly kind: "server" | "client" | "other";
  /** `shop.orders.v1.OrdersService/PlaceOrder` */
  readonly name: string;
  /** The process it comes from: `service.name` and `service.instance.id`. */
  readonly service: string;
  readonly process: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly code: string;
  /** Of a client's span; empty otherwise. */
  readonly attempts: readonly Attempt[];
}

interface Attributes {
  readonly attributes?: readonly {
    readonly key: string;
    readonly value: { readonly stringValue?: string; readonly intValue?: string | number };
  }[];
}

interface OtlpSpan extends Attributes {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly events?: readonly (Attributes & { readonly name: string })[];
}

/** The body of OTLP/HTTP's `/v1/traces`, as far as it is of interest here. */
export interface ExportRequest {
  readonly resourceSpans?: readonly {
    readonly resource: Attributes;
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[];
  }[];
}

export function* spansOf({ resourceSpans = [] }: ExportRequest): Iterable<Span> {
  for (const { resource, scopeSpans = [] } of resourceSpans) {
    const service = attribute(resource, "service.name");
    const process = attribute(resource, "service.instance.id");
    for (const { spans = [] } of scopeSpans) for (const span of spans) yield read(span, service, process);
  }
}

function read(span: OtlpSpan, service: string, process: string): Span {
  const startMs = milliseconds(span.startTimeUnixNano);
  return {
    traceId: span.traceId,
    id: span.spanId,
    parentId: span.parentSpanId ?? "",
    kind: span.kind === 2 ? "server" : span.kind === 3 ? "client" : "other",
    name: span.name,
    service,
    process,
    startMs,
    durationMs: milliseconds(span.endTimeUnixNano) - startMs,
    code: attribute(span, "rpc.status_code"),
    attempts: attemptsOf(span),
  };
}

/** A call that needed one attempt has no event for it: the span itself names the instance. */
function attemptsOf(span: OtlpSpan): readonly Attempt[] {
  const told = (span.events ?? []).filter(({ name }) => name === "attempt").map(attemptOf);
  const instance = attribute(span, "hawser.instance.id");
  return told.length > 0 || instance === ""
    ? told
    : [{ number: 1, instance, code: attribute(span, "rpc.status_code") }];
}

function attemptOf(event: Attributes): Attempt {
  return {
    number: Number(attribute(event, "hawser.attempt.number")),
    instance: attribute(event, "hawser.instance.id"),
    code: attribute(event, "rpc.status_code"),
  };
}

function attribute({ attributes = [] }: Attributes, key: string): string {
  const value = attributes.find((each) => each.key === key)?.value;
  return String(value?.stringValue ?? value?.intValue ?? "");
}

/** Nanoseconds since 1970 do not fit a number; microseconds do. */
function milliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1000n) / 1000;
}
