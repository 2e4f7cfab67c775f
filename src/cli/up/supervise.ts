import { withoutPassword } from "../../service/registry-url.js";
import {
  type CrashReport,
  createSupervisor,
  doNotRestart,
  type GroupSpec,
  SupervisionError,
  type Supervisor,
} from "../../supervisor/supervisor.js";
import { AppError, AppFailure, UsageError } from "../failure.js";
import { Interrupted } from "../interruptible.js";
import type { Terminal } from "../terminal.js";
import { harmless } from "./ansi.js";
import type { AppView } from "./app-view.js";
import { startControlServer } from "./control-server.js";
import { printLogs } from "./log-printer.js";
import { reportLines } from "./report-lines.js";
import type { RuntimeFolder } from "./runtime-folder.js";
import { keyboardOf, openTui } from "./tui.js";

export interface SuperviseOptions {
  readonly name: string;
  readonly file: string;
  readonly tree: GroupSpec;
  /** Empty where there is none. */
  readonly registryUrl: string;
  readonly folder: RuntimeFolder;
  readonly startedAt: number;
  /** A live table instead of the logs. */
  readonly tui: boolean;
  /** Once all are ready; aborted when it is over. */
  readonly onReady: (supervisor: Supervisor, view: AppView, signal: AbortSignal) => Promise<void>;
}

/**
 * Keeps the processes of an app running until it is asked to stop, by the signal, by `hawser stop --all` or by closing the
 * supervisor, and lets itself be controlled meanwhile.
 *
 * @throws AppFailure where they do not start, or one of them ends too often; AppError where another start would not help
 */
export async function supervise(options: SuperviseOptions, terminal: Terminal): Promise<void> {
  const { name, file, tree, registryUrl, folder, startedAt } = options;
  const { signal, clock, stdin } = terminal.io;
  const keyboard = options.tui ? keyboardOf(stdin) : undefined;
  if (options.tui && keyboard === undefined) throw new UsageError("--tui needs a terminal; leave it out for a log");
  const transport = terminal.transport();
  const supervisor = createSupervisor(tree, { clock });
  folder.publish(registryUrl);
  const info = { name, file, pid: process.pid, registry: registryUrl, startedAt };
  const control = await startControlServer({ supervisor, info, socket: folder.socket, transport, clock });
  if (registryUrl !== "") await terminal.note(`${name}: HAWSER_REGISTRY=${withoutPassword(registryUrl)}`);
  const view =
    keyboard === undefined
      ? printLogs(supervisor, terminal)
      : openTui({ supervisor, info, keyboard, display: terminal.io.stdout, paint: terminal.paint, clock });
  const over = new AbortController();
  const stop = (): void => void supervisor.close();
  signal.addEventListener("abort", stop);
  const unhook = onHangup(supervisor, view);
  try {
    if (signal.aborted) throw new Interrupted("interrupted");
    await supervisor.start();
    const meanwhile = options.onReady(supervisor, view, over.signal);
    const report = await Promise.race([supervisor.ended, meanwhile.then(() => supervisor.ended)]);
    if (report !== undefined) throw new SupervisionError(report.text, report);
  } catch (reason) {
    if (signal.aborted) throw new Interrupted("stopped while it started");
    if (!(reason instanceof SupervisionError && reason.report)) throw reason;
    await view.close(); // what a live table has covered is there again, and the report stays
    throw await told(reason.report, name, terminal);
  } finally {
    over.abort();
    unhook();
    signal.removeEventListener("abort", stop);
    await supervisor.close();
    await control.close();
    await view.close();
  }
}

/** The report has many lines, and a failure is one: it goes before it. */
async function told(report: CrashReport, app: string, terminal: Terminal): Promise<Error> {
  for (const line of reportLines(report, terminal)) await terminal.note(line);
  const message = `${app} is stopped: ${report.child} cannot be kept running`;
  return report.exit.code === doNotRestart ? new AppError(message) : new AppFailure(message);
}

/** SIGHUP asks a daemon to take its processes anew; to whoever sits at a terminal it says that the terminal is gone. */
function onHangup(supervisor: Supervisor, view: AppView): () => void {
  const onSignal = (): void => {
    if (process.stdin.isTTY) return void supervisor.close();
    supervisor
      .restart()
      .catch((reason: unknown) =>
        view.note(`hawser: ${(reason as Error).message.split("\n").map(harmless).join("\n")}`),
      );
  };
  process.on("SIGHUP", onSignal);
  return () => process.off("SIGHUP", onSignal);
}
