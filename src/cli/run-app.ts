import type { Command } from "commander";
import { type AppOptions, addAppOptions, appArguments } from "./app/app-options.js";
import { findOwnApp } from "./app/find-own-app.js";
import { addInspectOptions, type InspectOptions, inspectThis } from "./app/inspect-this.js";
import { startRegistryServer } from "./app/registry-server.js";
import { serveApp } from "./app/serve-app.js";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { hawserCommand } from "./up/hawser-command.js";
import { superviseApp } from "./up/supervise-app.js";

interface RunOptions extends AppOptions, InspectOptions {
  readonly listen?: boolean;
  readonly watch?: boolean;
}

export function addRun(program: Command, io: Io): void {
  const command = program
    .command("run")
    .description("run all services of an app in this one process; calls between them stay in it")
    .argument("[app]", "the app file, or the folder it is in (default: this folder)")
    .option("--listen", "listen too, so that others can call them; without --registry with a registry of their own")
    .option("--watch", "start again when a file changes: the new one must start before the old one goes");
  addAppOptions(addInspectOptions(command)).action((app: string | undefined, options: RunOptions, self: Command) =>
    runApp(app, options, new Terminal(io, self.optsWithGlobals<GlobalOptions>())),
  );
}

async function runApp(argument: string | undefined, options: RunOptions, terminal: Terminal): Promise<void> {
  const file = await findOwnApp(argument, process.cwd());
  const { listen = false, inspect, inspectBrk } = options;
  if (options.watch && (inspect ?? inspectBrk) !== undefined) {
    throw new UsageError("--inspect and --watch do not go together: a debugger stays with one process");
  }
  const given = terminal.givenRegistryUrl;
  await using registry =
    listen && given === undefined ? await startRegistryServer("127.0.0.1:0", terminal.transport()) : undefined;
  const registryUrl = given ?? registry?.url;
  if (options.watch) return await runWatched(file, options, registryUrl, terminal);
  inspectThis(options);
  if (registry !== undefined) await terminal.note(`HAWSER_REGISTRY=${registry.url}`);
  await serveApp({ ...options, file, registryUrl, listen }, terminal);
}

/** The one process in which all services run is supervised, and taken anew when a file changes. */
async function runWatched(
  file: string,
  options: RunOptions,
  registryUrl: string | undefined,
  terminal: Terminal,
): Promise<void> {
  const run = hawserCommand(["run", file, ...(options.listen ? ["--listen"] : []), ...appArguments(options)]);
  const env = registryUrl === undefined ? undefined : { HAWSER_REGISTRY: registryUrl };
  const child = { ...run, ...(env && { env }), readyTimeoutMs: options.startTimeout };
  await superviseApp(
    {
      file,
      options: { ...options, replicas: [], group: [] },
      registryUrl,
      tree: ({ name }) => ({ name: `app:${name}`, children: [{ name, ...child }] }),
      watch: true,
      tui: false,
    },
    terminal,
  );
}
