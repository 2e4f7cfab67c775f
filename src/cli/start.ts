import { existsSync } from "node:fs";
import { open as openInspector, waitForDebugger } from "node:inspector";
import type { Command } from "commander";
import { type AppOptions, addAppOptions } from "./app/app-options.js";
import { findApp } from "./app/find-app.js";
import { serveApp } from "./app/serve-app.js";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";

interface StartOptions extends AppOptions {
  readonly inspect?: string | true;
  readonly inspectBrk?: string | true;
}

export function addStart(program: Command, io: Io): void {
  const command = program
    .command("start")
    .description("run services of an app in this process; those they need are found in the registry")
    .argument("[app]", "the app file, or the folder it is in (default: this folder)")
    .argument("[services...]", "names of those that run here (default: all)")
    .option("--inspect [host:port]", "let a debugger attach to this process (default: 127.0.0.1:9229)")
    .option("--inspect-brk [host:port]", "the same, and wait for it before anything starts");
  addAppOptions(command).action(
    (app: string | undefined, services: readonly string[], options: StartOptions, self: Command) =>
      start(app, services, options, new Terminal(io, self.optsWithGlobals<GlobalOptions>())),
  );
}

async function start(
  app: string | undefined,
  names: readonly string[],
  options: StartOptions,
  terminal: Terminal,
): Promise<void> {
  // `hawser start orders` in the folder of the app: the first word is a service then.
  const isService = app !== undefined && !existsSync(app) && !/[./\\]/.test(app);
  const file = await findApp(isService ? undefined : app, process.cwd());
  const services = isService ? [app, ...names] : names;
  inspect(options);
  const registryUrl = await terminal.registryUrl();
  await serveApp({ ...options, file, registryUrl, listen: true, ...(services.length > 0 && { services }) }, terminal);
}

/** Node says on stderr where it listens. */
function inspect({ inspect, inspectBrk }: StartOptions): void {
  const wanted = inspectBrk ?? inspect;
  if (wanted === undefined) return;
  const [, host, port] = /^(?:(.+):)?(\d+)$/.exec(wanted === true ? "9229" : wanted) ?? [];
  if (port === undefined) throw new UsageError(`--inspect ${wanted}: expected host:port, like 127.0.0.1:9229`);
  openInspector(Number(port), host ?? "127.0.0.1");
  if (inspectBrk !== undefined) waitForDebugger();
}
