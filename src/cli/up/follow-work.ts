import type { Progress } from "../../gen/hawser/supervisor/v1/supervisor.js";
import { fromEvent } from "../../supervisor/control/control.js";
import type { Terminal } from "../terminal.js";
import { harmless } from "./ansi.js";
import { LogView } from "./log-view.js";

/**
 * Tells what happens while a supervisor works, until it is done; on stderr why a process did not start.
 *
 * @throws RpcError of what it failed with
 */
export async function followWork(
  work: AsyncIterable<{ readonly progress: Progress | undefined }>,
  terminal: Terminal,
): Promise<void> {
  const view = new LogView(terminal);
  for await (const { progress } of work) {
    const told = progress?.told;
    if (told?.$case === "event") {
      for (const line of view.event(fromEvent(told.value), terminal.io.clock.now())) await terminal.line(line);
    } else if (told?.$case === "report") await tellReport(told.value, terminal);
  }
}

async function tellReport(report: string, terminal: Terminal): Promise<void> {
  if (terminal.json) await terminal.object({ report });
  else for (const line of report.split("\n")) await terminal.note(harmless(line));
}
