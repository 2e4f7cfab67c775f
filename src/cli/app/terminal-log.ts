import type { App } from "../../service/service.js";
import type { Terminal } from "../terminal.js";
import { LogView } from "../up/log-view.js";

/** Where pino writes to. */
export interface LogDestination {
  write(line: string): void;
}

/** Tells the log for people, where they read it; undefined where programs do: those get JSON, as pino writes it. */
export function terminalLog(app: App, terminal: Terminal): LogDestination | undefined {
  const { stdout, clock } = terminal.io;
  if (!stdout.isTTY || terminal.json) return undefined;
  const children = app.services.map(({ name }) => ({ name, group: name }));
  const view = new LogView({ paint: terminal.paint, json: false, children });
  return {
    write(line) {
      const text = line.trimEnd();
      const child = /"service":"([a-z0-9-]+)"/.exec(text)?.[1] ?? app.name;
      const told = view.line({ child, group: child, stream: "stdout", text, time: clock.now() });
      stdout.write(`${told.join("\n")}\n`);
    },
  };
}
