import type { Command } from "commander";
import { type AppOptions, addAppOptions, appArguments } from "./app/app-options.js";
import { findOwnApp } from "./app/find-own-app.js";
import { addProcessOptions, type ProcessOptions } from "./app/process-options.js";
import { startRegistryServer } from "./app/registry-server.js";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { processTree } from "./up/process-tree.js";
import { superviseApp } from "./up/supervise-app.js";

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
  const intensity = { restarts: wholeNumber("--max-restarts", options.maxRestarts), withinMs: 30_000 };
  const file = await findOwnApp(argument, process.cwd());
  const given = terminal.givenRegistryUrl;
  if (given?.startsWith("memory:")) {
    throw new UsageError("memory: is a registry of one process, and these are many; leave it out, or try: hawser run");
  }
  await using registry =
    given === undefined ? await startRegistryServer("127.0.0.1:0", terminal.transport()) : undefined;
  const registryUrl = given ?? (registry?.url as string);
  const common = { args: appArguments(options), registryUrl, intensity, readyTimeoutMs: options.startTimeout };
  const { watch = false, tui = false } = options;
  await superviseApp(
    { file, options, registryUrl, tree: (outline) => processTree(outline, common), watch, tui },
    terminal,
  );
}

function wholeNumber(option: string, value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new UsageError(`${option} ${value}: expected a whole number`);
}
