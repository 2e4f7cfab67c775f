import type { Command } from "commander";
import { type AppOptions, addAppOptions, appArguments } from "./app/app-options.js";
import { findApp } from "./app/find-app.js";
import { addProcessOptions, type ProcessOptions } from "./app/process-options.js";
import { startRegistryServer } from "./app/registry-server.js";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { processTree } from "./up/process-tree.js";
import { readOutline } from "./up/read-outline.js";
import { restartOnChange } from "./up/restart-on-change.js";
import { takeRuntimeFolder } from "./up/runtime-folder.js";
import { supervise } from "./up/supervise.js";

interface UpOptions extends AppOptions, ProcessOptions {
  readonly watch?: boolean;
  readonly tui?: boolean;
  readonly maxRestarts: string;
}

export function addUp(program: Command, io: Io): void {
  const command = program
    .command("up")
    .description("run each service of an app in a process of its own, and keep them running")
    .argument("[app]", "the app file, or the folder it is in (default: this folder)")
    .option("--watch", "start all again when a file changes: each new one must be ready before the old one goes")
    .option("--tui", "a live table instead of the logs")
    .option("--max-restarts <count>", "how often a process may end by itself within 30 s before all is given up", "5");
  addAppOptions(addProcessOptions(command)).action((app: string | undefined, options: UpOptions, self: Command) =>
    up(app, options, new Terminal(io, self.optsWithGlobals<GlobalOptions>())),
  );
}

async function up(argument: string | undefined, options: UpOptions, terminal: Terminal): Promise<void> {
  const { io } = terminal;
  const intensity = { restarts: wholeNumber("--max-restarts", options.maxRestarts), withinMs: 30_000 };
  const file = await findApp(argument, process.cwd());
  const startedAt = Math.round(io.clock.now());
  const outline = await readOutline(file, options, io);
  const { name } = outline;
  await using folder = await takeRuntimeFolder({ name, file, pid: process.pid, startedAt }, io.env);
  const given = terminal.givenRegistryUrl;
  await using registry = given === undefined ? await startRegistryServer("127.0.0.1:0") : undefined;
  const registryUrl = given ?? (registry?.url as string);
  const tree = processTree(outline, { args: appArguments(options), registryUrl, intensity });
  await terminal.note(`${name}: HAWSER_REGISTRY=${registryUrl}`);
  await supervise(
    {
      name,
      file,
      tree,
      registryUrl,
      folder,
      startedAt,
      tui: options.tui ?? false,
      ...(options.watch && { onReady: (supervisor) => restartOnChange({ supervisor, outline, options }, terminal) }),
    },
    terminal,
  );
}

function wholeNumber(option: string, value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new UsageError(`${option} ${value}: expected a whole number`);
}
