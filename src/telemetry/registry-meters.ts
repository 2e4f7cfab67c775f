import { type Attributes, type Counter, type Meter, type MeterProvider, ValueType } from "@opentelemetry/api";
import type { RegistryEvent } from "../contract/contract.js";
import { realMeter } from "./global-providers.js";
import { Attribute, Metric } from "./names.js";
import type { RegistryLedger, WatchedService } from "./registry-ledger.js";
import { type Series, VanishingSeries } from "./vanishing-series.js";

/** The metrics of all registries that report to one provider. Gauges are read off the ledgers when metrics are. */
export class RegistryMeters {
  readonly #ledgers = new Set<RegistryLedger>();
  readonly #renewals: Counter;
  readonly #restarts: Counter;
  readonly #changes: Counter;

  constructor(meter: Meter) {
    const counter = (name: string, description: string, unit: string): Counter =>
      meter.createCounter(name, { description, unit, valueType: ValueType.INT });
    this.#renewals = counter(Metric.RENEWALS, "Times the registry was asked to keep what is registered.", "{renewal}");
    this.#restarts = counter(Metric.WATCH_RESTARTS, "Times a watch was interrupted and began anew.", "{restart}");
    this.#changes = counter(Metric.CHANGES, "Changes of watched services that the registry has told.", "{change}");
    this.#observed(
      meter.createObservableUpDownCounter(Metric.REGISTRATIONS, {
        description: "Instances of this process, by how they stand with the registry.",
        unit: "{registration}",
        valueType: ValueType.INT,
      }),
      (ledger, series) => {
        for (const { service, state } of ledger.registrations.values())
          series.add({ ...of(service, ledger.registry), [Attribute.REGISTRATION_STATE]: state }, 1);
      },
    );
    const gauge = (
      name: string,
      unit: string,
      description: string,
      value: (service: WatchedService, ledger: RegistryLedger) => number | undefined,
    ): void =>
      this.#observed(meter.createObservableGauge(name, { description, unit }), (ledger, series) => {
        for (const [name, service] of ledger.services) {
          const now = value(service, ledger);
          if (now !== undefined) series.max(of(name, ledger.registry), now);
        }
      });
    gauge(Metric.SNAPSHOT_AGE, "s", "How long ago the registry has confirmed the picture of a watched service.", age);
    gauge(Metric.INSTANCES, "{instance}", "Instances of a watched service.", ({ instances }) => instances);
    gauge(Metric.STALE, "1", "1 while the registry is away and the last picture counts.", ({ stale }) => Number(stale));
  }

  observe(ledger: RegistryLedger): void {
    this.#ledgers.add(ledger);
  }

  forget(ledger: RegistryLedger): void {
    this.#ledgers.delete(ledger);
  }

  count(event: RegistryEvent, registry: string | undefined): void {
    if (event.type === "renewal") {
      this.#renewals.add(1, { ...named(registry), [Attribute.OUTCOME]: event.ok ? "ok" : "failed" });
    } else if (event.type === "watch-restart") this.#restarts.add(1, of(event.service, registry));
    else if (event.type === "changes") this.#changes.add(event.count, of(event.service, registry));
  }

  #observed(
    instrument: Pick<ReturnType<Meter["createObservableGauge"]>, "addCallback">,
    read: (ledger: RegistryLedger, series: Series) => void,
  ): void {
    const series = new VanishingSeries();
    instrument.addCallback((result) =>
      series.report(result, (now) => {
        for (const ledger of this.#ledgers) read(ledger, now);
      }),
    );
  }
}

function age(service: WatchedService, ledger: RegistryLedger): number | undefined {
  const ms = ledger.ageMs(service);
  return ms === undefined ? undefined : ms / 1000;
}

function of(service: string, registry: string | undefined): Attributes {
  return { [Attribute.SERVICE]: service, ...named(registry) };
}

function named(registry: string | undefined): Attributes {
  return registry === undefined ? {} : { [Attribute.REGISTRY]: registry };
}

const metersOfProvider = new WeakMap<MeterProvider, RegistryMeters>();

/** Undefined where the provider keeps nothing. */
export function registryMeters(provider: MeterProvider): RegistryMeters | undefined {
  const known = metersOfProvider.get(provider);
  if (known !== undefined) return known;
  const meter = realMeter(provider);
  if (meter === undefined) return undefined;
  const meters = new RegistryMeters(meter);
  metersOfProvider.set(provider, meters);
  return meters;
}
