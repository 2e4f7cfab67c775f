import type { Logger } from "../../src/contract/contract.js";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: { readonly [name: string]: unknown };
  readonly message: string;
}

/** Keeps every line, those of its children too. */
export function recordingLogger(lines: LogLine[] = []): Logger & { readonly lines: readonly LogLine[] } {
  const at = (level: LogLine["level"]) => (fields: object, message: string) => {
    lines.push({ level, fields: fields as LogLine["fields"], message });
  };
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => recordingLogger(lines),
  };
}
