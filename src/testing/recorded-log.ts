import type { Logger } from "../contract/contract.js";
import type { Clock } from "../time/time.js";

/** One line that would have been logged. */
export interface RecordedLog {
  readonly service: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  /** Those of the line, and those of the loggers it came through. */
  readonly fields: { readonly [name: string]: unknown };
  /** In ms, by the app's clock. */
  readonly at: number;
}

/** A logger that keeps every line. */
export function recordingLogger(service: string, clock: Clock, keep: (line: RecordedLog) => void): Logger {
  const logger = (inherited: object): Logger => {
    const write = (level: RecordedLog["level"]) => (fields: object, message: string) =>
      keep({ service, level, message, fields: { ...inherited, ...fields }, at: clock.now() });
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
      isLevelEnabled: () => true,
      child: (fields) => logger({ ...inherited, ...fields }),
    };
  };
  return logger({});
}
