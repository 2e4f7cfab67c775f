import type { Attributes, ObservableResult } from "@opentelemetry/api";

/** The values of one metric at a moment, by attributes. */
export interface Series {
  /** As a part of the sum of those with these attributes. */
  add(attributes: Attributes, value: number): void;
  /** The largest of those with these attributes counts. */
  max(attributes: Attributes, value: number): void;
}

interface Point {
  readonly attributes: Attributes;
  value: number;
}

/**
 * Observes series that come and go. The SDK reports what it was told last of a series for ever (sdk-metrics 2.12,
 * `TemporalMetricProcessor.merge`), so one that is gone is told once more, as 0.
 */
export class VanishingSeries {
  #before = new Map<string, Point>();

  report(result: ObservableResult, read: (now: Series) => void): void {
    const now = new Map<string, Point>();
    const point = (attributes: Attributes): Point => {
      const key = JSON.stringify(attributes);
      const known = now.get(key) ?? { attributes, value: 0 };
      now.set(key, known);
      return known;
    };
    read({
      add(attributes, value) {
        point(attributes).value += value;
      },
      max(attributes, value) {
        const known = point(attributes);
        known.value = Math.max(known.value, value);
      },
    });
    for (const [key, { attributes }] of this.#before) if (!now.has(key)) result.observe(0, attributes);
    for (const { attributes, value } of now.values()) result.observe(value, attributes);
    this.#before = now;
  }
}
