import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { findOwnApp } from "./app/find-own-app.js";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { newProject } from "./new/new-project.js";
import { newService } from "./new/new-service.js";
import { type GlobalOptions, Terminal } from "./terminal.js";

export function addNew(program: Command, io: Io): void {
  program
    .command("new")
    .description("write a new project with one service, or another service into the app that is here")
    .usage("[options] <name>\n       hawser new [options] service <name> [app]")
    .argument("<name>", "of the project, its folder and its service: lower case, digits and dashes")
    .argument("[service]", "behind the word service: what the new service of an app is called")
    .argument("[app]", "the app file, or the folder it is in (default: this folder)")
    .action((name: string, service: string | undefined, app: string | undefined, _options: object, self: Command) =>
      write(name, service, app, new Terminal(io, self.optsWithGlobals<GlobalOptions>())),
    );
}

async function write(
  name: string,
  service: string | undefined,
  app: string | undefined,
  terminal: Terminal,
): Promise<void> {
  if (name === "service") {
    if (service === undefined) throw new UsageError("new service: expected its name, like: hawser new service billing");
    return await addService(service, await findOwnApp(app, process.cwd()), terminal);
  }
  if (service !== undefined) throw new UsageError(`new ${name} ${service}: expected new <name>, or new service <name>`);
  const files = await newProject(name, process.cwd());
  if (terminal.json) return await terminal.object({ folder: resolve(name), files });
  for (const file of files) await terminal.line(join(name, file));
  await terminal.note(`then: cd ${name} && npm install && make check && make run`);
}

async function addService(name: string, file: string, terminal: Terminal): Promise<void> {
  const { root, files, app, entry, unexpected, missing } = await newService(name, file);
  const changed = unexpected === undefined ? [app] : [];
  if (terminal.json) await terminal.object({ folder: root, files, changed });
  else for (const each of [...files, ...changed]) await terminal.line(relative(process.cwd(), join(root, each)));
  if (unexpected !== undefined) {
    const lines = [`import { ${entry.identifier} } from "${entry.module}";`, `services: [ … , ${entry.identifier}]`];
    throw new Error(`${app} is left as it is: ${unexpected}; write into it: ${lines.join(" and ")}`);
  }
  if (terminal.json) return;
  const install = missing.length === 0 ? "" : `npm install ${missing.join(" ")} && `;
  await terminal.note(`then: ${install}npx buf generate && npx hawser run --watch`);
}
