import type { Command } from "commander";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { type AppOption, appOption, findApp, withControl } from "./up/control-client.js";
import { followWork } from "./up/follow-work.js";

export function addRestart(program: Command, io: Io): void {
  program
    .command("restart")
    .description(
      "start processes of a running app again, one after the other: the new one is ready before the old one goes",
    )
    .argument("[names...]", "services or single processes, like orders or orders-1 (default: all)")
    .addOption(appOption("of this app, where several run"))
    .action((names: readonly string[], _options, command: Command) => {
      const { app, ...global } = command.optsWithGlobals<GlobalOptions & AppOption>();
      return restart(names, app, new Terminal(io, global));
    });
}

async function restart(names: readonly string[], wanted: string | undefined, terminal: Terminal): Promise<void> {
  const app = await findApp(terminal, wanted);
  await withControl(app, terminal, async (control) => {
    await followWork(control.restart({ names: [...names] }, { signal: terminal.io.signal }), terminal);
    if (!terminal.json) await terminal.line(`restarted ${names.join(", ") || app.name}`);
  });
}
