import type { Command } from "commander";
import { withoutPassword } from "../service/registry-url.js";
import { fromChild } from "../supervisor/control/control.js";
import type { ChildStatus } from "../supervisor/supervisor.js";
import type { Io } from "./io.js";
import { printable } from "./paint.js";
import { table } from "./table.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { appLine } from "./up/app-line.js";
import { childHeader, childRow } from "./up/child-table.js";
import { type AppOption, appOption, findApps, withControl } from "./up/control-client.js";
import type { RunningApp } from "./up/running-app.js";

export function addPs(program: Command, io: Io): void {
  program
    .command("ps")
    .description("show the apps that `hawser up` runs, and how each of their processes is")
    .addOption(appOption("show this app alone"))
    .action((_options, command: Command) => {
      const { app, ...global } = command.optsWithGlobals<GlobalOptions & AppOption>();
      return ps(app, new Terminal(io, global));
    });
}

interface Seen {
  readonly app: RunningApp;
  readonly children: readonly ChildStatus[];
}

async function ps(wanted: string | undefined, terminal: Terminal): Promise<void> {
  const { signal } = terminal.io;
  const apps = await findApps(terminal, wanted);
  const all = await Promise.all(
    apps.map((app) =>
      withControl(app, terminal, async (control): Promise<Seen> => {
        const { children } = await control.list({}, { signal });
        return { app, children: children.map(fromChild) };
      }),
    ),
  );
  if (terminal.json) await terminal.object(all.map(sheet));
  else await terminal.line(all.map((each) => page(each, terminal)).join("\n\n"));
}

/** For programs; what is not known is left out. */
function sheet({ app: { socket: _socket, ...app }, children }: Seen): object {
  const { registry, startedAt } = app;
  const about = { ...app, registry: withoutPassword(registry), startedAt: new Date(startedAt) };
  return { ...about, children: children.map(told) };
}

function told({ startedAt, ...child }: ChildStatus): object {
  return startedAt === undefined ? child : { ...child, startedAt: new Date(startedAt) };
}

function page({ app, children }: Seen, { paint, io }: Terminal): string {
  const now = io.clock.now();
  const rows = children.map((child) => childRow(child, now, paint));
  return `${appLine(app, now, paint)}  ${printable(app.file)}\n${table([childHeader.map(paint.strong), ...rows])}`;
}
