import type { Command } from "commander";
import { type AppOptions, addAppOptions } from "./app/app-options.js";
import { findApp } from "./app/find-app.js";
import { startRegistryServer } from "./app/registry-server.js";
import { serveApp } from "./app/serve-app.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { watched } from "./up/watched.js";

interface RunOptions extends AppOptions {
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
  addAppOptions(command).action((app: string | undefined, options: RunOptions, self: Command) =>
    runApp(app, options, new Terminal(io, self.optsWithGlobals<GlobalOptions>())),
  );
}

async function runApp(argument: string | undefined, options: RunOptions, terminal: Terminal): Promise<void> {
  const file = await findApp(argument, process.cwd());
  if (options.watch) return await watched({ file, options }, terminal);
  const given = terminal.givenRegistryUrl;
  const listen = options.listen ?? false;
  if (!listen || given !== undefined) return await serveApp({ ...options, file, registryUrl: given, listen }, terminal);
  const registry = await startRegistryServer("127.0.0.1:0");
  try {
    await terminal.note(`HAWSER_REGISTRY=${registry.url}`);
    await serveApp({ ...options, file, registryUrl: registry.url, listen }, terminal);
  } finally {
    await registry.close();
  }
}
