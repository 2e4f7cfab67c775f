import type { Command } from "commander";
import type { App } from "../service/service.js";
import { addStartTimeout, addValueOptions, type ValueOptions } from "./app/app-options.js";
import { checkStart } from "./app/check-start.js";
import { findOwnApp } from "./app/find-own-app.js";
import { loadApp } from "./app/load-app.js";
import { type AppOutline, outlineOf } from "./app/outline.js";
import { addProcessOptions, divided, type ProcessOptions } from "./app/process-options.js";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { printable } from "./paint.js";
import { table } from "./table.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { registryOf } from "./with-registry.js";

interface OutlineOptions extends ProcessOptions, ValueOptions {
  readonly check?: boolean;
  readonly startTimeout: number;
}

export function addOutline(program: Command, io: Io): void {
  const command = program
    .command("outline")
    .description("check an app without running it, and list its services, what they need and how they are divided")
    .argument("[app]", "the app file, or the folder it is in (default: this folder)")
    .option("--check", "check too whether it could start here: its configuration, addresses and placements");
  addStartTimeout(addValueOptions(addProcessOptions(command))).action(
    (app: string | undefined, options: OutlineOptions, self: Command) =>
      outline(app, options, new Terminal(io, self.optsWithGlobals<GlobalOptions>())),
  );
}

async function outline(argument: string | undefined, options: OutlineOptions, terminal: Terminal): Promise<void> {
  const { io } = terminal;
  const file = await findOwnApp(argument, process.cwd());
  const app = divide(await loadApp(file, { timeoutMs: options.startTimeout, ...io }), options);
  const told = outlineOf(app, file);
  if (options.check) {
    await checkStart({ file, app, processes: app.processes }, options, io);
    if (terminal.givenRegistryUrl !== undefined) await registryOf(terminal.givenRegistryUrl).close();
  }
  if (terminal.json) return await terminal.object(told);
  const header = ["SERVICE", "VERSION", "CONTRACTS", "NEEDS", "PROCESS"].map(terminal.paint.strong);
  const rows = told.services.map(({ name, version, contracts, needs, external }) => [
    name,
    printable(version),
    contracts.join(", ") || "-",
    [...needs, ...external.map((each) => `${each} (external)`)].join(", ") || "-",
    processOf(told, name),
  ]);
  await terminal.line(table([header, ...rows]));
}

/** The app itself was accepted when it was loaded: what is refused now was said on the command line. */
function divide(app: App, options: ProcessOptions): App {
  try {
    return divided(app, options);
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

function processOf({ processes }: AppOutline, service: string): string {
  const { name, replicas } = processes.find(({ services }) =>
    services.includes(service),
  ) as AppOutline["processes"][number];
  return replicas === 1 ? name : `${name} x ${replicas}`;
}
