import { Code, DebugInfo, RpcError } from "../../errors/errors.js";
import type { Event } from "../../gen/hawser/supervisor/v1/supervisor.js";
import { fromEvent } from "../../supervisor/control/control.js";
import type { Terminal } from "../terminal.js";
import { harmless } from "./ansi.js";
import { LogView } from "./log-view.js";

/**
 * Tells what happens while a supervisor works, until it is done.
 *
 * @throws RpcError of what it failed with; where a process did not start, the report has been told
 */
export async function followWork(
  events: AsyncIterable<{ readonly event: Event | undefined }>,
  terminal: Terminal,
): Promise<void> {
  const view = new LogView(terminal);
  try {
    for await (const { event } of events) {
      if (event === undefined) continue;
      for (const line of view.event(fromEvent(event), terminal.io.clock.now())) await terminal.line(line);
    }
  } catch (reason) {
    throw terminal.json ? reason : await withoutReport(reason, terminal);
  }
}

/** The report has many lines, and a failure is one: it goes before it. */
async function withoutReport(reason: unknown, terminal: Terminal): Promise<unknown> {
  const error = RpcError.from(reason);
  const report = error.code === Code.FAILED_PRECONDITION ? error.detail(DebugInfo)?.detail : undefined;
  if (!report) return reason;
  for (const line of report.split("\n")) await terminal.note(harmless(line));
  return new RpcError(error.code, error.message, { cause: reason });
}
