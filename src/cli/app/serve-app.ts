import { joinSupervisor } from "../../supervisor/supervisor.js";
import { callStats } from "../../telemetry/telemetry.js";
import { AppError, UsageError } from "../failure.js";
import { aborted, Interrupted } from "../interruptible.js";
import type { Terminal } from "../terminal.js";
import { type Open, type ServeOptions, startHere } from "./start-here.js";
import { userStack } from "./user-stack.js";

/**
 * Runs services of an app in this process until they are to stop: by the signal, because their supervisor is gone, or
 * because one of them cannot go on.
 *
 * @throws AppError, ConfigError or UsageError where to start again would not help; Interrupted where it is to stop before
 *   all run; Error where another start may help
 */
export async function serveApp(options: ServeOptions, terminal: Terminal): Promise<void> {
  const stats = callStats();
  const supervisor = joinSupervisor({ calls: () => stats.take() });
  const stop = new AbortController();
  const asked = Promise.race([aborted(terminal.io.signal), ...(supervisor === undefined ? [] : [supervisor.lost])]);
  void asked.then(() => stop.abort());
  const alive = setInterval(() => {}, 2 ** 31 - 1); // where nothing listens, nothing else keeps this process
  const open: Open[] = supervisor === undefined ? [] : [supervisor];
  try {
    const app = await startHere(
      { ...options, stats: stats.middleware, supervisor, signal: stop.signal, open },
      terminal,
    );
    if (supervisor === undefined) await terminal.note(summary(app.app.name, app.services, options));
    else supervisor.ready();
    const failure = await Promise.race([asked, app.failure]);
    if (failure instanceof Error) throw failure;
  } catch (reason) {
    if (stop.signal.aborted) throw new Interrupted("stopped while it started");
    await explain(reason, terminal);
    throw reason;
  } finally {
    for (const each of open.reverse()) await closed(each, terminal);
    clearInterval(alive);
  }
}

/** One that does not close keeps nobody else from closing. */
async function closed(each: Open, terminal: Terminal): Promise<void> {
  try {
    await each.close();
  } catch (reason) {
    await terminal.note(`hawser: ${reason instanceof Error ? reason.message : reason}`);
  }
}

function summary(app: string, services: readonly string[], { listen, registryUrl }: ServeOptions): string {
  const here = `${app}: ${services.join(", ")} here, in one process`;
  return listen && registryUrl !== undefined ? `${here}; try: hawser list` : `${here}; nothing listens`;
}

/** Where the user's own code failed, its stack stands before the line that says so. */
async function explain(reason: unknown, terminal: Terminal): Promise<void> {
  if (!(reason instanceof Error) || reason instanceof AppError || reason instanceof UsageError) return;
  const stack = userStack(reason.cause);
  if (stack !== undefined) await terminal.note(stack);
}
