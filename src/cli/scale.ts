import type { Command } from "commander";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { type AppOption, appOption, findApp, withControl } from "./up/control-client.js";
import { followWork } from "./up/follow-work.js";

export function addScale(program: Command, io: Io): void {
  program
    .command("scale")
    .description("run more or fewer processes of a service in a running app")
    .argument("<service=count...>", "how many of which, like orders=3")
    .addOption(appOption("of this app, where several run"))
    .action((wanted: readonly string[], _options, command: Command) => {
      const { app, ...global } = command.optsWithGlobals<GlobalOptions & AppOption>();
      return scale(wanted.map(parseScale), app, new Terminal(io, global));
    });
}

interface Scale {
  readonly group: string;
  readonly count: number;
}

async function scale(scales: readonly Scale[], wanted: string | undefined, terminal: Terminal): Promise<void> {
  const app = await findApp(terminal, wanted);
  await withControl(app, terminal, async (control) => {
    for (const { group, count } of scales) {
      await followWork(control.scale({ group, count }, { signal: terminal.io.signal }), terminal);
      if (!terminal.json) await terminal.line(`scaled ${group} to ${count}`);
    }
  });
}

/** More than a machine could carry is a slip of the finger. */
const most = 1000;

function parseScale(text: string): Scale {
  const [, group, digits] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
  const count = Number(digits);
  if (group !== undefined && count <= most) return { group, count };
  throw new UsageError(`${JSON.stringify(text)}: expected a service and how many of it, up to ${most}, like orders=3`);
}
