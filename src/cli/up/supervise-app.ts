import { resolve } from "node:path";
import { type GroupSpec, SupervisionError } from "../../supervisor/supervisor.js";
import type { ValueOptions } from "../app/app-options.js";
import type { AppOutline } from "../app/outline.js";
import type { ProcessOptions } from "../app/process-options.js";
import { AppError, AppFailure, failureLine } from "../failure.js";
import type { Terminal } from "../terminal.js";
import { harmless } from "./ansi.js";
import { readOutline } from "./read-outline.js";
import { reportLines } from "./report-lines.js";
import { restartOnChange } from "./restart-on-change.js";
import { takeRuntimeFolder } from "./runtime-folder.js";
import { supervise } from "./supervise.js";
import { type FileWatch, watchFiles } from "./watch-files.js";

export interface SuperviseAppOptions {
  /** The app file. */
  readonly file: string;
  /** How it is divided and started. */
  readonly options: ProcessOptions & ValueOptions & { readonly startTimeout: number };
  /** Undefined where there is none. */
  readonly registryUrl: string | undefined;
  readonly tree: (outline: AppOutline) => GroupSpec;
  /** Whether it runs with every change of its files. */
  readonly watch: boolean;
  readonly tui: boolean;
}

/**
 * Checks an app and keeps its processes running until it is asked to stop. Where its files are watched it goes on with each
 * change, and where the app does not start, or has been given up, it waits for the next one.
 *
 * @throws UsageError where it cannot be started so; Interrupted; and, where nothing is watched, AppError and AppFailure
 */
export async function superviseApp(options: SuperviseAppOptions, terminal: Terminal): Promise<void> {
  if (!options.watch) return void (await once(options, undefined, terminal));
  const { signal } = terminal.io;
  const changes = watchFiles(options.file);
  if (options.options.config !== undefined) changes.follow(resolve(options.options.config));
  try {
    for (let again = true; again; ) {
      again = await once(options, changes, terminal).catch(async (reason: unknown) => {
        if (signal.aborted || !(reason instanceof AppError || reason instanceof AppFailure)) throw reason;
        await terminal.note(`${failureLine(reason)}\nhawser: waiting for a change`);
        return (await changes.next(signal)) !== undefined;
      });
    }
  } finally {
    changes.close();
  }
}

/** Resolves with whether the app wants to be started again, because it is divided into other processes now. */
async function once(
  { file, options, registryUrl, tree, tui }: SuperviseAppOptions,
  changes: FileWatch | undefined,
  terminal: Terminal,
): Promise<boolean> {
  const { io } = terminal;
  const startedAt = Math.round(io.clock.now());
  const read = () => readOutline(file, { ...options, start: { ...options, registry: registryUrl } }, io);
  const outline = await read();
  const { name, configFile } = outline;
  if (configFile !== undefined) changes?.follow(configFile);
  await using folder = await takeRuntimeFolder({ name, file, pid: process.pid, startedAt }, io.env);
  const describe = (reason: unknown): string =>
    reason instanceof SupervisionError && reason.report !== undefined
      ? reportLines(reason.report, terminal).join("\n")
      : (reason as Error).message.split("\n").map(harmless).join("\n");
  let again = false;
  const common = { name, file, tree: tree(outline), registryUrl: registryUrl ?? "", folder, startedAt, tui };
  await supervise(
    {
      ...common,
      async onReady(supervisor, view, signal) {
        const seconds = Math.round((io.clock.now() - startedAt) / 100) / 10;
        view.note(`${name}: ready after ${seconds} s; try: hawser ps, hawser list`);
        if (changes === undefined) return;
        again = await restartOnChange({ supervisor, view, changes, outline, readOutline: read, describe, signal });
        if (again) view.note(`hawser: ${name} is divided into other processes now; all of it starts again`);
        await supervisor.close();
      },
    },
    terminal,
  );
  return again;
}
