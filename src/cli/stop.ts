import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { Code, RpcError } from "../errors/errors.js";
import { sleep } from "../time/time.js";
import { UsageError } from "./failure.js";
import { interruptible } from "./interruptible.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { type AppOption, appOption, findApp, withControl } from "./up/control-client.js";
import { followWork } from "./up/follow-work.js";
import type { RunningApp } from "./up/running-app.js";

interface StopOptions extends AppOption {
  readonly all?: boolean;
}

export function addStop(program: Command, io: Io): void {
  program
    .command("stop")
    .description("stop processes of a running app, or with --all the app")
    .argument("[names...]", "services or single processes, like orders or orders-1; they stay stopped until a restart")
    .option("--all", "stop every process, and `hawser up` with them")
    .addOption(appOption("of this app, where several run"))
    .action((names: readonly string[], _options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & StopOptions>();
      return stop(names, options, new Terminal(io, options));
    });
}

async function stop(
  names: readonly string[],
  { all = false, app: wanted }: StopOptions,
  terminal: Terminal,
): Promise<void> {
  if (all === names.length > 0)
    throw new UsageError("name what shall stop, like orders, or give --all for the whole app");
  const app = await findApp(terminal, wanted);
  if (all) return stopAll(app, terminal);
  await withControl(app, terminal, async (control) => {
    await followWork(control.stop({ names: [...names] }, { signal: terminal.io.signal }), terminal);
    if (!terminal.json) await terminal.line(`stopped ${names.join(", ")}`);
  });
}

/** Resolves once nothing of the app is left, so that whoever comes next can start it again. */
async function stopAll(app: RunningApp, terminal: Terminal): Promise<void> {
  const { signal } = terminal.io;
  await withControl(app, terminal, async (control) => {
    try {
      await followWork(control.shutdown({}, { signal }), terminal);
    } catch (reason) {
      if (RpcError.from(reason).code !== Code.UNAVAILABLE) throw reason; // it may be gone before it has said so
    }
  });
  await interruptible(gone(app, terminal), signal);
  if (!terminal.json) await terminal.line(`stopped ${app.name}`);
}

/** How long a supervisor whose processes have all ended may take to end itself, and how often it is looked for, in ms. */
const endMs = 10_000;
const pollMs = 50;

async function gone({ name, pid, socket }: RunningApp, { io }: Terminal): Promise<void> {
  const until = io.clock.now() + endMs;
  while (existsSync(dirname(socket))) {
    if (io.clock.now() >= until) throw new Error(`${name} has stopped, but its supervisor (pid ${pid}) does not end`);
    await sleep(io.clock, pollMs, io.signal);
  }
}
