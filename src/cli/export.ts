import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Argument, type Command } from "commander";
import { findOwnApp } from "./app/find-own-app.js";
import type { AppOutline } from "./app/outline.js";
import { addProcessOptions, type ProcessOptions } from "./app/process-options.js";
import { exportCompose } from "./export/compose.js";
import { exportKubernetes } from "./export/kubernetes.js";
import type { ExportedFile, ExportOptions } from "./export/process.js";
import { projectOf } from "./export/project.js";
import { exportSystemd } from "./export/systemd.js";
import { writeFiles } from "./export/write-files.js";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";
import { readOutline } from "./up/read-outline.js";

/** What a format takes beside the app; each is an option of the command. */
interface FormatOptions {
  readonly image?: string;
  readonly etcd?: boolean;
  readonly etcdImage?: string;
  readonly namespace?: string;
  readonly node?: string;
  readonly project?: string;
  readonly user?: string;
}

interface ExportCommandOptions extends FormatOptions, ProcessOptions {
  readonly out?: string;
  readonly force?: boolean;
}

interface Format {
  readonly takes: readonly (keyof FormatOptions)[];
  files(outline: AppOutline, options: ExportOptions & FormatOptions, folder: string): readonly ExportedFile[];
  /** What to do with them. */
  next(app: string, folder: string): string;
}

const formats: Readonly<Record<string, Format>> = {
  systemd: {
    takes: ["node", "project", "user"],
    files: exportSystemd,
    next: (app, folder) =>
      `cp ${folder}/* /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now ${app}.target`,
  },
  compose: {
    takes: ["image", "etcd", "etcdImage"],
    files: (outline, options, folder) =>
      exportCompose(outline, { ...options, context: relative(folder, options.root) || "." }),
    next: (_app, folder) => `docker compose -f ${folder}/compose.yaml up --build`,
  },
  kubernetes: {
    takes: ["image", "namespace"],
    files: exportKubernetes,
    next: (_app, folder) => `kubectl apply -f ${folder}`,
  },
};

/** Checks the app file and tells what is in it. */
export type LoadOutline = (file: string, options: ProcessOptions, io: Io) => Promise<AppOutline>;

export function addExport(program: Command, io: Io, loadOutline: LoadOutline = readOutline): void {
  const command = program
    .command("export")
    .description("write the files that others run an app by: units of systemd, a compose file, manifests of Kubernetes")
    .addArgument(new Argument("<format>", "what to write").choices(Object.keys(formats)))
    .argument("[app]", "the app file, or the folder it is in (default: this folder)")
    .option("--out <folder>", "where to write (default: deploy/<format>)")
    .option("--force", "write over files that are there")
    .option("--image <name>", "compose, kubernetes: the image with the project in it (default: named as the app)")
    .option("--etcd", "compose: the registry that comes along is etcd (default: Hawser's own)")
    .option("--etcd-image <name>", "compose: the image of that etcd")
    .option("--namespace <name>", "kubernetes: where all of it goes")
    .option("--node <path>", "systemd: Node on the machine that runs the units (default: this one)")
    .option("--project <path>", "systemd: the project's folder on that machine (default: as here)")
    .option("--user <name>", "systemd: who runs the services (default: a user made for each)");
  addProcessOptions(command).action(
    async (format: string, app: string | undefined, options: ExportCommandOptions, self: Command) => {
      const global = self.optsWithGlobals<GlobalOptions>();
      const file = await findOwnApp(app, process.cwd());
      const outline = await loadOutline(file, options, io);
      await write(format, outline, { ...options, ...registryOf(global) }, new Terminal(io, global));
    },
  );
}

/** Only what was said here: the registry of this shell is not that of the system to be. */
function registryOf({ registry }: GlobalOptions): { readonly registry?: string } {
  return registry === undefined ? {} : { registry };
}

async function write(
  name: string,
  outline: AppOutline,
  options: ExportCommandOptions & { readonly registry?: string },
  terminal: Terminal,
): Promise<void> {
  const format = formats[name] as Format;
  checkOptions(name, options);
  const out = options.out ?? `deploy/${name}`;
  const root = projectOf(outline.file);
  const files = filesOf(format, outline, { ...options, root }, resolve(out));
  await writeFiles(out, files, options.force ?? false);
  if (terminal.json) return await terminal.object({ folder: resolve(out), files: files.map(({ path }) => path) });
  for (const { path } of files) await terminal.line(`${out}/${path}`);
  if (/\.[cm]?ts$/.test(outline.file)) await terminal.note("the app file is TypeScript: it needs tsx where it runs");
  if (needsEtcd3(options) && !existsSync(join(root, "node_modules/etcd3"))) {
    await terminal.note("the registry is etcd: the project needs etcd3 where it runs; try: npm install etcd3");
  }
  await terminal.note(`then: ${format.next(outline.name, out)}`);
}

function needsEtcd3({ registry, etcd, etcdImage }: FormatOptions & { readonly registry?: string }): boolean {
  return etcd || etcdImage !== undefined || /^etcds?:/.test(registry ?? "");
}

/** @throws UsageError for an option of another format */
function checkOptions(name: string, options: FormatOptions): void {
  for (const [other, { takes }] of Object.entries(formats)) {
    const foreign = takes.find((each) => options[each] !== undefined && !formats[name]?.takes.includes(each));
    if (foreign === undefined) continue;
    const flag = foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${flag} is for ${other}, not for ${name}`);
  }
}

/** What a format refuses was said on the command line. */
function filesOf(
  format: Format,
  outline: AppOutline,
  options: ExportOptions & FormatOptions,
  folder: string,
): readonly ExportedFile[] {
  try {
    return format.files(outline, options, folder);
  } catch (cause) {
    if (cause instanceof TypeError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}
