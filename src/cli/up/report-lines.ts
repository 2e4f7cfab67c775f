import type { CrashReport } from "../../supervisor/supervisor.js";
import type { Terminal } from "../terminal.js";
import { harmless } from "./ansi.js";
import { formatPinoLine, parsePinoLine } from "./pino-line.js";

/** A report for people: what a process wrote last is told as the log tells it. */
export function reportLines({ text }: CrashReport, terminal: Terminal): readonly string[] {
  const lines = text.replace("(readyTimeoutMs)", "(--start-timeout)").split("\n");
  return lines.flatMap((line) => reportLine(line, terminal));
}

function reportLine(line: string, { paint, io }: Terminal): readonly string[] {
  const written = parsePinoLine(line.replace(/^ +\| /, ""));
  if (written === undefined) return [harmless(line)];
  return formatPinoLine(written, {}, io.clock.now(), paint).map((each) => `  | ${each}`);
}
