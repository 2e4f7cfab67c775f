import type { Command } from "commander";
import { findApp } from "./app/find-app.js";
import { loadApp } from "./app/load-app.js";
import { type AppOutline, outlineOf } from "./app/outline.js";
import { addProcessOptions, divided, type ProcessOptions } from "./app/process-options.js";
import { AppError } from "./failure.js";
import type { Io } from "./io.js";
import { printable } from "./paint.js";
import { table } from "./table.js";
import { type GlobalOptions, Terminal } from "./terminal.js";

export function addOutline(program: Command, io: Io): void {
  const command = program
    .command("outline")
    .description("check an app without running it, and list its services, what they need and how they are divided")
    .argument("[app]", "the app file, or the folder it is in (default: this folder)");
  addProcessOptions(command).action((app: string | undefined, options: ProcessOptions, self: Command) =>
    outline(app, options, new Terminal(io, self.optsWithGlobals<GlobalOptions>())),
  );
}

async function outline(argument: string | undefined, options: ProcessOptions, terminal: Terminal): Promise<void> {
  const file = await findApp(argument, process.cwd());
  const told = await read(file, options);
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

async function read(file: string, options: ProcessOptions): Promise<AppOutline> {
  const app = await loadApp(file);
  try {
    return outlineOf(divided(app, options), file);
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError) throw new AppError(cause.message, { cause });
    throw cause;
  }
}

function processOf({ processes }: AppOutline, service: string): string {
  const { name, replicas } = processes.find(({ services }) =>
    services.includes(service),
  ) as AppOutline["processes"][number];
  return replicas === 1 ? name : `${name} x ${replicas}`;
}
