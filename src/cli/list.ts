import type { Command } from "commander";
import { interruptible } from "./interruptible.js";
import type { Io } from "./io.js";
import { printable } from "./paint.js";
import { table } from "./table.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { withRegistry } from "./with-registry.js";

export function addList(program: Command, io: Io): void {
  program
    .command("list")
    .description("list the services in the registry, their versions and how many instances each has")
    .action((_options, command: Command) => list(new Terminal(io, command.optsWithGlobals<GlobalOptions>())));
}

function list(terminal: Terminal): Promise<void> {
  return withRegistry(terminal, async (registry) => {
    const services = await interruptible(registry.list(), terminal.io.signal);
    if (terminal.json) {
      return terminal.object(services.map(({ name, versions, instances }) => ({ name, versions, instances })));
    }
    if (services.length === 0) return terminal.note(`no service is registered in ${registry.name}`);
    const header = ["SERVICE", "VERSIONS", "INSTANCES"].map(terminal.paint.strong);
    const rows = services.map(({ name, versions, instances }) => [
      printable(name),
      printable(versions.join(", ")),
      String(instances),
    ]);
    return terminal.line(table([header, ...rows]));
  });
}
