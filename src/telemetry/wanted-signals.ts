/** What the environment asks to be exported. */
export interface WantedSignals {
  readonly traces: boolean;
  readonly metrics: boolean;
  readonly logs: boolean;
}

export type Environment = { readonly [name: string]: string | undefined };

/**
 * Reads the standard `OTEL_*` variables, but for one default: a signal for which no exporter and no endpoint is named is
 * not exported, where the SDK would send it to a collector on this machine that is rarely there.
 */
export function wantedSignals(env: Environment): WantedSignals {
  if (env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true") return { traces: false, metrics: false, logs: false };
  return { traces: isWanted("TRACES", env), metrics: isWanted("METRICS", env), logs: isWanted("LOGS", env) };
}

function isWanted(signal: "TRACES" | "METRICS" | "LOGS", env: Environment): boolean {
  const exporter = env[`OTEL_${signal}_EXPORTER`]?.trim();
  // An empty variable is an unset one, says the specification.
  if (exporter) return exporter !== "none";
  return Boolean(env["OTEL_EXPORTER_OTLP_ENDPOINT"]?.trim() || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]?.trim());
}
