export interface Settings {
  readonly calls: number;
  readonly concurrency: number;
  readonly registry: "hawser" | "etcd";
  /** Whether the shop stays open afterwards, to be looked at; its registry is then where `hawser` looks for it. */
  readonly keep: boolean;
  /** Who else wants the traces: an OTLP/HTTP endpoint. */
  readonly otlpEndpoint: string | undefined;
}

type Environment = { readonly [name: string]: string | undefined };

/** @throws RangeError for a value that cannot be, naming it */
export function readSettings(env: Environment): Settings {
  const registry = env["REGISTRY"] || "hawser";
  if (registry !== "hawser" && registry !== "etcd") {
    throw new RangeError(`REGISTRY: expected hawser or etcd, was ${JSON.stringify(registry)}`);
  }
  return {
    calls: wholeNumber(env, "CALLS", 2000, 10),
    concurrency: wholeNumber(env, "CONCURRENCY", 32, 1),
    registry,
    keep: !["", "0", undefined].includes(env["KEEP"]),
    otlpEndpoint: env["OTEL_EXPORTER_OTLP_ENDPOINT"] || undefined,
  };
}

function wholeNumber(env: Environment, name: string, usual: number, least: number): number {
  const value = Number(env[name] || usual);
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`${name}: expected a whole number from ${least}, was ${JSON.stringify(env[name])}`);
}
