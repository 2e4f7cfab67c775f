import { type Command, InvalidArgumentError } from "commander";
import type { LogsResponse } from "../gen/hawser/supervisor/v1/supervisor.js";
import { fromEvent, fromLine } from "../supervisor/control/control.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { type AppOption, appOption, type ControlClient, findApp, withControl } from "./up/control-client.js";
import { LogView } from "./up/log-view.js";

interface LogsOptions extends AppOption {
  readonly follow?: boolean;
  readonly lines: number;
}

export function addLogs(program: Command, io: Io): void {
  program
    .command("logs")
    .description("print what the processes of a running app wrote, and with --follow what happens to them")
    .argument("[names...]", "services or single processes, like orders or orders-1 (default: all)")
    .option("-f, --follow", "go on with what comes, until it is stopped or the app ends")
    .option("-n, --lines <count>", "how many of the last lines", parseCount, 100)
    .addOption(appOption("of this app, where several run"))
    .action((names: readonly string[], _options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & LogsOptions>();
      return logs(names, options, new Terminal(io, options));
    });
}

async function logs(names: readonly string[], options: LogsOptions, terminal: Terminal): Promise<void> {
  const { lines, follow = false } = options;
  const { signal, clock } = terminal.io;
  const app = await findApp(terminal, options.app);
  try {
    await withControl(app, terminal, async (control) => {
      const view = await openView(control, terminal);
      for await (const { entry } of control.logs({ names: [...names], lines, follow }, { signal })) {
        for (const line of told(entry, view, clock.now())) await terminal.line(line);
      }
    });
  } catch (reason) {
    if (!(follow && signal.aborted)) throw reason; // that is how one ends that follows
  }
}

async function openView(control: ControlClient, terminal: Terminal): Promise<LogView> {
  const { children } = await control.list({}, { signal: terminal.io.signal });
  return new LogView({ paint: terminal.paint, json: terminal.json, children });
}

function told(entry: LogsResponse["entry"], view: LogView, now: number): readonly string[] {
  switch (entry?.$case) {
    case "line":
      return view.line(fromLine(entry.value));
    case "event":
      return view.event(fromEvent(entry.value), now);
    case "skipped":
      return view.skipped(entry.value);
    default:
      return []; // of a newer supervisor
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count < 2 ** 32) return count;
  throw new InvalidArgumentError("Expected a whole number from 0 up.");
}
