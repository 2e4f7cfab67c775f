import type { metrics, resources } from "@opentelemetry/sdk-node";

type Reader = Pick<metrics.IMetricReader, "collect">;
type Labels = { readonly [label: string]: string };

/**
 * The metrics of several services on one page, which has one resource: labels tell the services apart. Those of one
 * name stand together, as Prometheus asks.
 */
export class ServicesPage implements metrics.MetricProducer {
  readonly #resource: resources.Resource;
  readonly #services = new Map<object, { readonly reader: Reader; readonly labels: Labels }>();

  constructor(resource: resources.Resource) {
    this.#resource = resource;
  }

  add(reader: Reader, labels: Labels): void {
    this.#services.set(reader, { reader, labels });
  }

  remove(reader: object): void {
    this.#services.delete(reader);
  }

  async collect(options?: metrics.MetricCollectOptions): Promise<metrics.CollectionResult> {
    const collected = await Promise.all(
      [...this.#services.values()].map(async ({ reader, labels }) => ({
        labels,
        result: await reader.collect(options),
      })),
    );
    const page = new Map<string, metrics.ScopeMetrics>();
    for (const { labels, result } of collected) {
      for (const scopeMetrics of result.resourceMetrics.scopeMetrics) addTo(page, scopeMetrics, labels);
    }
    return {
      resourceMetrics: { resource: this.#resource, scopeMetrics: [...page.values()] },
      errors: collected.flatMap(({ result }) => result.errors),
    };
  }
}

function addTo(page: Map<string, metrics.ScopeMetrics>, added: metrics.ScopeMetrics, labels: Labels): void {
  const { scope } = added;
  const key = `${scope.name}@${scope.version ?? ""}`;
  const known = page.get(key) ?? { scope, metrics: [] };
  page.set(key, known);
  for (const metric of added.metrics) {
    const points = metric.dataPoints.map((point) => ({ ...point, attributes: { ...point.attributes, ...labels } }));
    const same = known.metrics.find(({ descriptor }) => descriptor.name === metric.descriptor.name);
    if (same === undefined) known.metrics.push({ ...metric, dataPoints: points } as metrics.MetricData);
    else (same.dataPoints as unknown[]).push(...points);
  }
}
