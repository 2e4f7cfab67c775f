/**
 * Sets what every process of the demo goes by, this one too. What else is set for services or telemetry is not meant for
 * them, and goes.
 *
 * @param otlpEndpoint where spans are to be sent
 * @param folder where the shop keeps its books
 */
export function setEnvironment({ otlpEndpoint, folder }: { otlpEndpoint: string; folder: string }): void {
  for (const name of Object.keys(process.env)) if (/^(HAWSER|OTEL)_/.test(name)) delete process.env[name];
  Object.assign(process.env, {
    HAWSER_CONFIG_SHARED__FOLDER: folder,
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    // Whoever is killed takes along what it has not exported: let that be little.
    OTEL_BSP_SCHEDULE_DELAY: "100",
    OTEL_BSP_MAX_QUEUE_SIZE: "65536",
  });
}
