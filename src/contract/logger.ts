/** What Hawser logs to: pino fits as it is, and so does anything with its call shape. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Whether a line of that level would be written: spares the making of its fields. Default: every level is. */
  isLevelEnabled?(level: "debug" | "info" | "warn" | "error"): boolean;
  /** A logger that adds the fields to every line. */
  child(fields: object): Logger;
}

/** Says nothing. The default of every part that stands alone. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  isLevelEnabled: () => false,
  child: () => silentLogger,
};
