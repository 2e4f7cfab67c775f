import type { Attributes, Histogram } from "@opentelemetry/api";

/** One series of a histogram: its attributes are said once, not with every value. */
export interface HistogramSeries {
  record(value: number): void;
}

/**
 * The series of a histogram with these attributes. The SDK (sdk-metrics 2.12) makes a JSON text of the attributes for every
 * value, to find what it adds the value to: 1 us of a call's 5. Here that is found once a collection. It lies in fields
 * the SDK keeps to itself, so what does not look as expected is left to `histogram.record()`.
 */
export function seriesOf(histogram: Histogram, attributes: Attributes): HistogramSeries {
  const stores = storesOf(histogram);
  if (stores === undefined) return { record: (value) => histogram.record(value, attributes) };
  const series = stores.map((store) => new StoredSeries(store, attributes));
  const [only] = series;
  if (series.length === 1 && only !== undefined) return only;
  return {
    record: (value) => {
      for (const each of series) each.record(value);
    },
  };
}

/** What the values of one collection are added to, by attributes: another object after each collection. */
interface Collection {
  get(attributes: Attributes): HistogramSeries | undefined;
}

/** What one reader sees of an instrument. */
interface Store {
  readonly hasAttributeProcessor: boolean;
  readonly _deltaMetricStorage: { readonly _activeCollectionStorage: Collection };
  record(value: number, attributes: Attributes, context: undefined, recordTimeMs: number): void;
}

class StoredSeries implements HistogramSeries {
  readonly #store: Store;
  readonly #delta: Store["_deltaMetricStorage"];
  readonly #attributes: Attributes;
  #collection: Collection | undefined;
  #series: HistogramSeries | undefined;

  constructor(store: Store, attributes: Attributes) {
    this.#store = store;
    this.#delta = store._deltaMetricStorage;
    this.#attributes = attributes;
  }

  /** The first of a collection goes the SDK's own way; so do all where it has too many series and counts this among others. */
  record(value: number): void {
    const collection = this.#delta._activeCollectionStorage;
    if (collection === this.#collection && this.#series !== undefined) {
      this.#series.record(value);
      return;
    }
    this.#store.record(value, this.#attributes, undefined, Date.now());
    this.#collection = collection;
    this.#series = collection.get(this.#attributes);
  }
}

/** Undefined where the instrument is not the SDK's as it is known here, or a view looks at every value's attributes. */
function storesOf(histogram: Histogram): readonly Store[] | undefined {
  const { _writableMetricStorage: storage } = histogram as { readonly _writableMetricStorage?: unknown };
  const { _backingStorages: several = [storage] } = (storage ?? {}) as { readonly _backingStorages?: unknown };
  return Array.isArray(several) && several.every(isStore) ? several : undefined;
}

function isStore(store: unknown): store is Store {
  const { hasAttributeProcessor, _deltaMetricStorage: delta, record } = (store ?? {}) as Partial<Store>;
  const collection: Partial<Collection> | undefined = delta?._activeCollectionStorage;
  return hasAttributeProcessor === false && typeof collection?.get === "function" && typeof record === "function";
}
