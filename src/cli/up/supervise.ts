import { createSupervisor, type GroupSpec, SupervisionError, type Supervisor } from "../../supervisor/supervisor.js";
import { aborted, Interrupted } from "../interruptible.js";
import type { Terminal } from "../terminal.js";
import { startControlServer } from "./control-server.js";
import { printLogs } from "./log-printer.js";
import type { RuntimeFolder } from "./runtime-folder.js";

export interface SuperviseOptions {
  readonly name: string;
  readonly file: string;
  readonly tree: GroupSpec;
  readonly registryUrl: string;
  readonly folder: RuntimeFolder;
  readonly startedAt: number;
  /** A live table instead of the logs. */
  readonly tui?: boolean;
  /** Once all are ready; returns what ends it. */
  readonly onReady?: (supervisor: Supervisor) => () => void;
}

/**
 * Keeps the processes of an app running until it is asked to stop, by the signal or by `hawser stop --all`, and lets itself
 * be controlled meanwhile.
 *
 * @throws SupervisionError where they do not start, or one of them ends too often
 */
export async function supervise(options: SuperviseOptions, terminal: Terminal): Promise<void> {
  const { name, file, tree, registryUrl, folder, startedAt } = options;
  const { signal, clock } = terminal.io;
  const supervisor = createSupervisor(tree, { clock });
  folder.publish(registryUrl);
  const info = { name, file, pid: process.pid, registry: registryUrl, startedAt };
  const control = await startControlServer({ supervisor, info, socket: folder.socket, clock });
  const view = printLogs(supervisor, terminal);
  const stop = (): void => void supervisor.close();
  signal.addEventListener("abort", stop);
  const unhook = onHangup(supervisor, terminal);
  let release: (() => void) | undefined;
  try {
    if (signal.aborted) throw new Interrupted("interrupted");
    await supervisor.start();
    release = options.onReady?.(supervisor);
    const report = await supervisor.ended;
    if (report !== undefined) throw new SupervisionError(report.text, report);
  } catch (reason) {
    throw signal.aborted ? new Interrupted("stopped while it started") : reason;
  } finally {
    release?.();
    unhook();
    signal.removeEventListener("abort", stop);
    await supervisor.close();
    await control.close();
    await view();
  }
}

/** SIGHUP asks a daemon to take its processes anew; to whoever sits at a terminal it says that the terminal is gone. */
function onHangup(supervisor: Supervisor, terminal: Terminal): () => void {
  const onSignal = (): void => {
    if (process.stdin.isTTY) return void supervisor.close();
    supervisor.restart().catch((reason: unknown) => terminal.note(`hawser: ${(reason as Error).message}`));
  };
  process.on("SIGHUP", onSignal);
  return () => process.off("SIGHUP", onSignal);
}
