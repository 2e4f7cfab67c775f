import { isSpanContextValid, type Span, trace } from "@opentelemetry/api";
import { type DestinationStream, type LevelWithSilent, type Logger, pino } from "pino";

export interface LoggerOptions {
  /** Stands in every line. */
  readonly service: string;
  /** Stands in every line where it is given. */
  readonly version?: string;
  /** Lines below it are not written. Default: `info`. */
  readonly level?: LevelWithSilent;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/**
 * A pino logger, one JSON object a line, in which every line names its service and, where a span is active, its trace.
 *
 * @example {"level":"info","time":"2026-01-01T12:00:00.000Z","service":"orders","trace_id":"…","span_id":"…","msg":"placed"}
 */
export function createLogger(options: LoggerOptions): Logger {
  const { service, version, level = "info", destination } = options;
  const settings = {
    level,
    base: version === undefined ? { service } : { service, version },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => logFields(),
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** `trace_id` and `span_id` of a span, by default of the active one; nothing where there is none. For pino's `mixin`. */
export function logFields(span: Span | undefined = trace.getActiveSpan()): { [field: string]: string } {
  const within = span?.spanContext();
  // A new object each time: pino writes the line's own fields into it.
  if (within === undefined || !isSpanContextValid(within)) return {};
  return { trace_id: within.traceId, span_id: within.spanId };
}
