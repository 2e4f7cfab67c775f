import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { metrics, resources } from "@opentelemetry/sdk-node";
import type { MetricExport } from "./metric-export.js";
import { OwnedTracerProvider } from "./owned-tracer.js";
import type { ServiceIdentity } from "./service-identity.js";

type SdkNode = typeof import("@opentelemetry/sdk-node");

/** Where one service of several in a process reports to: all of it carries the resource of that service. */
export class ServiceProviders {
  /** Undefined where nobody wants spans. */
  readonly tracerProvider: TracerProvider | undefined;
  /** Undefined where nobody wants metrics. */
  readonly meterProvider: MeterProvider | undefined;
  readonly #metrics: metrics.MeterProvider | undefined;
  readonly #leave: () => void;
  #ended: Promise<void> | undefined;

  constructor(
    { metrics }: SdkNode,
    { serviceName, instanceId }: ServiceIdentity,
    resource: resources.Resource,
    spans: TracerProvider | undefined,
    metricExports: readonly MetricExport[],
  ) {
    this.tracerProvider = spans && new OwnedTracerProvider(spans, () => resource);
    const labels = {
      "service.name": serviceName,
      ...(instanceId === undefined ? {} : { "service.instance.id": instanceId }),
    };
    const joined = metricExports.map((each) => ({ each, reader: each.readerOf(labels) }));
    const readers = joined.map(({ reader }) => reader);
    this.#metrics = joined.length === 0 ? undefined : new metrics.MeterProvider({ resource, readers });
    this.meterProvider = this.#metrics;
    this.#leave = () => {
      for (const { each, reader } of joined) each.forget(reader);
    };
  }

  /** Exports the metrics that are left. May be called twice. */
  shutdown(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#leave();
    await this.#metrics?.shutdown();
  }
}
