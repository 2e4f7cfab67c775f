/** The straight line that lies closest to a series. */
export interface Trend {
  /** How much the line rises from the first point to the last. */
  readonly rise: number;
  /** The standard error of that: what the points scatter around the line. */
  readonly error: number;
}

/** @param xs rising; as many as `ys`, three at least */
export function trendOf(xs: readonly number[], ys: readonly number[]): Trend {
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const spread = sum(xs.map((x) => (x - meanX) ** 2));
  const slope = sum(xs.map((x, at) => (x - meanX) * ((ys[at] as number) - meanY))) / spread;
  const residuals = sum(xs.map((x, at) => ((ys[at] as number) - meanY - slope * (x - meanX)) ** 2));
  const span = (xs.at(-1) as number) - (xs[0] as number);
  return { rise: slope * span, error: Math.sqrt(residuals / (xs.length - 2) / spread) * span };
}

/** Whether it rises by more than `allowed`, and by more than its points scatter (two standard errors: 19 times of 20). */
export function rises({ rise, error }: Trend, allowed: number): boolean {
  return rise - 2 * error > allowed;
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
