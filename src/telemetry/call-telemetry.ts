import {
  type Attributes,
  type Context,
  diag,
  type MeterProvider,
  metrics,
  propagation,
  type Span,
  type SpanOptions,
  type TextMapPropagator,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";
import type { Method } from "../contract/contract.js";
import { type Clock, systemClock } from "../time/time.js";
import { type CallMeter, type CallMeters, callMeters } from "./call-meter.js";
import { realTracerProvider } from "./global-providers.js";
import { Attribute, scopeName } from "./names.js";
import type { Side } from "./side.js";

/** Where spans and metrics go. What is left out is looked up for each call, so that an SDK may start later. */
export interface TelemetryOptions {
  /** Default: the global one of `@opentelemetry/api`. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the global one of `@opentelemetry/api`. */
  readonly meterProvider?: MeterProvider;
  /** How a trace crosses from service to service. Default: the global one of `@opentelemetry/api`. */
  readonly propagator?: TextMapPropagator;
  /** Times the metrics. Default: the machine's. */
  readonly clock?: Clock;
}

interface MethodTelemetry {
  readonly attributes: Attributes;
  readonly spanOptions: SpanOptions;
  meters: CallMeters | undefined;
  meter: CallMeter | undefined;
}

/** What one side of calls reports to, and everything about a method that is made only once. */
export class CallTelemetry {
  readonly side: Side;
  readonly clock: Clock;
  readonly #options: TelemetryOptions;
  readonly #attributes: Attributes;
  readonly #methods = new Map<Method, MethodTelemetry>();
  #tracerProvider: TracerProvider | undefined;
  #tracer: Tracer | undefined;
  #meterProvider: MeterProvider | undefined;
  #meters: CallMeters | undefined;

  /** @param attributes said of every call, in spans and metrics */
  constructor(side: Side, options: TelemetryOptions, attributes: Attributes) {
    this.side = side;
    this.clock = options.clock ?? systemClock;
    this.#options = options;
    this.#attributes = attributes;
  }

  /** Undefined where nobody collects spans; what is not sampled still has its place in the trace. */
  startSpan(method: Method, parent: Context): Span | undefined {
    try {
      return this.#currentTracer()?.startSpan(method.fullName, this.#of(method).spanOptions, parent);
    } catch (error) {
      diag.error(`hawser: ${method.fullName} goes without a span`, error);
      return undefined;
    }
  }

  /** Undefined where nobody collects metrics. */
  meter(method: Method): CallMeter | undefined {
    const meters = this.#currentMeters();
    if (meters === undefined) return undefined;
    const known = this.#of(method);
    if (known.meters !== meters) {
      known.meters = meters;
      known.meter = meters.of(known.attributes);
    }
    return known.meter;
  }

  /** Undefined where nothing is to cross. */
  propagator(): TextMapPropagator | undefined {
    const propagator: TextMapPropagator = this.#options.propagator ?? propagation;
    return propagator.fields().length === 0 ? undefined : propagator;
  }

  #of(method: Method): MethodTelemetry {
    const known = this.#methods.get(method);
    if (known !== undefined) return known;
    const attributes = { [Attribute.SYSTEM]: "grpc", [Attribute.METHOD]: method.fullName, ...this.#attributes };
    const made: MethodTelemetry = {
      attributes,
      spanOptions: { kind: this.side.spanKind, attributes },
      meters: undefined,
      meter: undefined,
    };
    this.#methods.set(method, made);
    return made;
  }

  #currentTracer(): Tracer | undefined {
    const provider = realTracerProvider(this.#options.tracerProvider);
    if (provider !== this.#tracerProvider) {
      this.#tracerProvider = provider;
      this.#tracer = provider?.getTracer(scopeName);
    }
    return this.#tracer;
  }

  #currentMeters(): CallMeters | undefined {
    const provider = this.#options.meterProvider ?? metrics.getMeterProvider();
    if (provider !== this.#meterProvider) {
      this.#meterProvider = provider;
      this.#meters = callMeters(provider, this.side);
    }
    return this.#meters;
  }
}
