/** Where all traces of the demo can be seen. */
export function whereTracesAre(otlpEndpoint: string | undefined, complaint: string | undefined): string {
  if (complaint !== undefined) return `not all traces could be handed on: ${complaint}`;
  if (otlpEndpoint !== undefined) return `all traces have been handed on to ${otlpEndpoint}`;
  return [
    "to see every trace in Jaeger, at http://127.0.0.1:16686:",
    "  docker run --rm -p 4318:4318 -p 16686:16686 jaegertracing/jaeger",
    "  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 make demo",
  ].join("\n");
}
