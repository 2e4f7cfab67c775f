import type { Command } from "commander";
import { type AppOptions, addAppOptions } from "./app/app-options.js";
import { findApp } from "./app/find-app.js";
import { findOwnApp } from "./app/find-own-app.js";
import { addInspectOptions, type InspectOptions, inspectThis } from "./app/inspect-this.js";
import { serveApp } from "./app/serve-app.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";

export function addStart(program: Command, io: Io): void {
  const command = program
    .command("start")
    .description("run services of an app in this process; those they need are found in the registry")
    .argument("[app]", "the app file, or the folder it is in (default: this folder)")
    .argument("[services...]", "names of those that run here (default: all)");
  addAppOptions(addInspectOptions(command)).action(
    (app: string | undefined, services: readonly string[], options: AppOptions & InspectOptions, self: Command) =>
      start(
        app === undefined ? [] : [app, ...services],
        options,
        new Terminal(io, self.optsWithGlobals<GlobalOptions>()),
      ),
  );
}

async function start(
  words: readonly string[],
  options: AppOptions & InspectOptions,
  terminal: Terminal,
): Promise<void> {
  const isService = await beginsWithService(words);
  const file = await findOwnApp(isService ? undefined : words[0], process.cwd());
  const services = isService ? words : words.slice(1);
  inspectThis(options);
  const registryUrl = await terminal.registryUrl(file); // a stranger's registry is none to register in
  await serveApp({ ...options, file, registryUrl, listen: true, ...(services.length > 0 && { services }) }, terminal);
}

/** `hawser start orders` in the folder of the app: the first word is a service then, though `orders` may be a folder too. */
async function beginsWithService([first]: readonly string[]): Promise<boolean> {
  if (first === undefined || !/^[a-z0-9-]+$/.test(first)) return false;
  return await findApp(first, process.cwd()).then(
    () => false,
    () => true,
  );
}
