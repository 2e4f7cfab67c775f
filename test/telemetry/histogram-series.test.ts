import { type Attributes, createNoopMeter, type Histogram } from "@opentelemetry/api";
import {
  AggregationTemporality,
  createAllowListAttributesProcessor,
  DataPointType,
  type HistogramMetricData,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ViewOptions,
} from "@opentelemetry/sdk-metrics";
import { afterEach, describe, expect, it } from "vitest";
import { type HistogramSeries, seriesOf } from "../../src/telemetry/histogram-series.js";

const open: MeterProvider[] = [];
afterEach(async () => {
  for (const provider of open.splice(0)) await provider.shutdown();
});

interface Setting {
  readonly temporality?: AggregationTemporality;
  readonly readers?: number;
  readonly views?: ViewOptions[];
}

/** Two histograms of one kind, and what their readers have seen of them, collection after collection. */
function twins({ temporality = AggregationTemporality.CUMULATIVE, readers = 1, views = [] }: Setting = {}) {
  const exporters = Array.from({ length: readers }, () => new InMemoryMetricExporter(temporality));
  const provider = new MeterProvider({
    readers: exporters.map((exporter) => new PeriodicExportingMetricReader({ exporter })),
    views,
  });
  open.push(provider);
  const meter = provider.getMeter("test");
  const advice = { explicitBucketBoundaries: [1, 10, 100] };
  const pointsOf = (name: string) =>
    exporters.map((exporter) =>
      exporter.getMetrics().map(({ scopeMetrics }) =>
        scopeMetrics
          .flatMap(({ metrics }) => metrics)
          .filter((each): each is HistogramMetricData => each.dataPointType === DataPointType.HISTOGRAM)
          .filter(({ descriptor }) => descriptor.name === name)
          .flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => ({ attributes, value }))),
      ),
    );
  return {
    ours: meter.createHistogram("ours", { advice }),
    theirs: meter.createHistogram("theirs", { advice }),
    collect: () => provider.forceFlush(),
    seen: () => ({ ours: pointsOf("ours"), theirs: pointsOf("theirs") }),
  };
}

/** Attributes that count how often somebody reads them. */
function watched(): { readonly attributes: Attributes; readonly reads: () => number } {
  let reads = 0;
  const attributes = Object.defineProperty({}, "method", {
    enumerable: true,
    get: () => {
      reads++;
      return "m";
    },
  });
  return { attributes, reads: () => reads };
}

const settings: readonly [string, Setting][] = [
  ["cumulative", {}],
  ["delta", { temporality: AggregationTemporality.DELTA }],
  ["several readers", { readers: 2 }],
  [
    "a view that leaves attributes out",
    { views: [{ instrumentName: "*", attributesProcessors: [createAllowListAttributesProcessor(["method"])] }] },
  ],
  ["no room for more series", { views: [{ instrumentName: "*", aggregationCardinalityLimit: 2 }] }],
  ["no reader", { readers: 0 }],
];

describe("a series of a histogram", () => {
  it.each(settings)("is what the histogram itself would make of the values: %s", async (_what, setting) => {
    const { ours, theirs, collect, seen } = twins(setting);
    const kinds: readonly Attributes[] = [
      { method: "a", code: "OK" },
      { method: "a", code: "NOT_FOUND" },
      { code: "OK", method: "b" },
    ];
    const series = kinds.map((attributes) => seriesOf(ours, attributes));
    for (const values of [[0.5, 5, 50, 500, 5], [], [7], [0, Number.NaN, 3]]) {
      for (const [index, attributes] of kinds.entries()) {
        for (const value of values) {
          (series[index] as HistogramSeries).record(value);
          theirs.record(value, attributes);
        }
      }
      await collect();
    }
    const { ours: own, theirs: other } = seen();
    expect(own).toEqual(other);
    if (setting.readers !== 0) expect(own.flat(2).length).toBeGreaterThan(0);
  });

  it("reads its attributes once a collection, not once a value, with the SDK that is installed here", async () => {
    const { ours, collect } = twins({ readers: 2 });
    const { attributes, reads } = watched();
    const series = seriesOf(ours, attributes);
    series.record(1);
    const first = reads();
    for (let value = 0; value < 100; value++) series.record(value);
    expect(reads()).toBe(first);
    await collect();
    series.record(1);
    const second = reads();
    for (let value = 0; value < 100; value++) series.record(value);
    expect(reads()).toBe(second);
  });

  it("of a histogram that is not the SDK's is recorded by it", () => {
    const recorded: unknown[] = [];
    const histogram: Histogram = { record: (value, attributes) => recorded.push([value, attributes]) };
    const attributes = { method: "a" };
    seriesOf(histogram, attributes).record(3);
    expect(recorded).toEqual([[3, attributes]]);
    seriesOf(createNoopMeter().createHistogram("none"), attributes).record(3);
  });

  it.each([
    ["nothing behind it", {}],
    ["another storage", { _writableMetricStorage: { record() {} } }],
    ["a storage in parts of another kind", { _writableMetricStorage: { _backingStorages: [{}, undefined] } }],
    [
      "a storage without a collection",
      { _writableMetricStorage: { hasAttributeProcessor: false, _deltaMetricStorage: {}, record() {} } },
    ],
  ])("of a histogram that has become another in a later SDK is recorded by it: %s", (_what, inside) => {
    const recorded: unknown[] = [];
    const histogram = { ...inside, record: (value: number) => recorded.push(value) } as Histogram;
    seriesOf(histogram, {}).record(3);
    expect(recorded).toEqual([3]);
  });
});
