import { type Attributes, type Histogram, type Meter, type MeterProvider, ValueType } from "@opentelemetry/api";
import { type Code, codeName } from "../errors/errors.js";
import { realMeter } from "./global-providers.js";
import { type HistogramSeries, seriesOf } from "./histogram-series.js";
import { Attribute } from "./names.js";
import type { Placement } from "./placement.js";
import type { Side } from "./side.js";

/** In seconds; what the conventions advise for RPC. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The metrics of one method at one side. What they need for each placement and status code is made once. */
export class CallMeter {
  readonly attributes: Attributes;
  readonly #side: Side;
  readonly #durations: Histogram;
  readonly #byCode: { readonly [Key in Placement | "nowhere"]: HistogramSeries[] } = {
    local: [],
    remote: [],
    nowhere: [],
  };
  #inFlight = 0;

  constructor(side: Side, durations: Histogram, attributes: Attributes) {
    this.#side = side;
    this.#durations = durations;
    this.attributes = attributes;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  started(): void {
    this.#inFlight++;
  }

  /** @param placement undefined for a call that never reached an instance */
  ended(code: Code, durationMs: number, placement: Placement | undefined): void {
    this.#inFlight--;
    const byCode = this.#byCode[placement ?? "nowhere"];
    byCode[code] ??= seriesOf(this.#durations, this.#attributesOf(code, placement));
    byCode[code].record(durationMs / 1000);
  }

  #attributesOf(code: Code, placement: Placement | undefined): Attributes {
    return {
      ...this.attributes,
      [Attribute.STATUS_CODE]: codeName(code),
      ...(this.#side.isFailure(code) ? { [Attribute.ERROR_TYPE]: codeName(code) } : {}),
      ...(placement === undefined ? {} : { [Attribute.PLACEMENT]: placement }),
    };
  }
}

/**
 * The meters of one side, shared by all clients or servers that report to one provider: a metric has one sum, whoever adds
 * to it. Calls in flight are observed when metrics are read, because a synchronous counter costs 1 us at each end of a
 * call (measured with sdk-metrics 2.12, which builds a JSON key for every measurement).
 */
export class CallMeters {
  readonly #side: Side;
  readonly #durations: Histogram;
  readonly #meters = new Map<string, CallMeter>();

  constructor(side: Side, meter: Meter) {
    this.#side = side;
    this.#durations = meter.createHistogram(side.duration.name, {
      description: side.duration.description,
      unit: "s",
      valueType: ValueType.DOUBLE,
      advice: { explicitBucketBoundaries: durationBuckets },
    });
    const inFlight = meter.createObservableUpDownCounter(side.inFlight.name, {
      description: side.inFlight.description,
      unit: "{call}",
      valueType: ValueType.INT,
    });
    inFlight.addCallback((result) => {
      for (const each of this.#meters.values()) result.observe(each.inFlight, each.attributes);
    });
  }

  of(attributes: Attributes): CallMeter {
    const key = JSON.stringify(attributes);
    const known = this.#meters.get(key) ?? new CallMeter(this.#side, this.#durations, attributes);
    this.#meters.set(key, known);
    return known;
  }
}

const metersOfProvider = new WeakMap<MeterProvider, Map<Side, CallMeters>>();

/** Undefined where the provider keeps nothing. */
export function callMeters(provider: MeterProvider, side: Side): CallMeters | undefined {
  const meter = realMeter(provider);
  if (meter === undefined) return undefined;
  const sides = metersOfProvider.get(provider) ?? new Map<Side, CallMeters>();
  metersOfProvider.set(provider, sides);
  const meters = sides.get(side) ?? new CallMeters(side, meter);
  sides.set(side, meters);
  return meters;
}
