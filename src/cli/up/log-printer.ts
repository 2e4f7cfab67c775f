import type { Supervisor, SupervisorEvent } from "../../supervisor/supervisor.js";
import type { Terminal } from "../terminal.js";
import type { AppView } from "./app-view.js";
import { LogView } from "./log-view.js";

/** How many lines may wait for a terminal that is slow. */
const mostWaiting = 10_000;

/** Prints what processes write and what happens to them, each line with its name in front. Closed once all is printed. */
export function printLogs(supervisor: Supervisor, terminal: Terminal): AppView {
  const view = new LogView({ paint: terminal.paint, json: terminal.json, children: supervisor.children() });
  let waiting: string[] = [];
  let skipped = 0;
  let printing: Promise<void> | undefined;

  async function print(): Promise<void> {
    while (waiting.length > 0 || skipped > 0) {
      const lines = [...waiting, ...(skipped > 0 ? view.skipped(skipped) : [])];
      waiting = [];
      skipped = 0;
      await terminal.line(lines.join("\n"));
    }
    printing = undefined;
  }

  /** That a group gives up ends all, and is told with its report. */
  function isNews({ type, child }: SupervisorEvent): boolean {
    return terminal.json || type !== "gave-up" || supervisor.children().some(({ name }) => name === child);
  }

  function add(lines: readonly string[]): void {
    if (waiting.length < mostWaiting) waiting.push(...lines);
    else skipped += lines.length;
    printing ??= print();
  }

  const ends = [
    supervisor.onLine((line) => add(view.line(line))),
    supervisor.onEvent((event) => isNews(event) && add(view.event(event, terminal.io.clock.now()))),
  ];
  const close = async (): Promise<void> => {
    for (const end of ends) end();
    await printing;
  };
  const note = (text: string): void => void terminal.note(text);
  return { note, close, [Symbol.asyncDispose]: close };
}
