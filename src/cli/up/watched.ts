import { type AppOptions, appArguments } from "../app/app-options.js";
import type { Terminal } from "../terminal.js";
import { hawserCommand } from "./hawser-command.js";
import { readOutline } from "./read-outline.js";
import { restartOnChange } from "./restart-on-change.js";
import { takeRuntimeFolder } from "./runtime-folder.js";
import { supervise } from "./supervise.js";

export interface WatchedOptions {
  /** The app file. */
  readonly file: string;
  readonly options: AppOptions & { readonly listen?: boolean };
}

/** `hawser run --watch`: the one process in which all services run is supervised, and taken anew when a file changes. */
export async function watched({ file, options }: WatchedOptions, terminal: Terminal): Promise<void> {
  const { io } = terminal;
  const startedAt = Math.round(io.clock.now());
  const asGiven = { replicas: [], group: [] };
  const outline = await readOutline(file, asGiven, io);
  const { name } = outline;
  await using folder = await takeRuntimeFolder({ name, file, pid: process.pid, startedAt }, io.env);
  const given = terminal.givenRegistryUrl;
  const run = ["run", file, ...(options.listen ? ["--listen"] : []), ...appArguments(options)];
  const tree = {
    name: `app:${name}`,
    children: [{ name, ...hawserCommand(run), env: given ? { HAWSER_REGISTRY: given } : {} }],
  };
  const onReady = (supervisor: Parameters<typeof restartOnChange>[0]["supervisor"]) =>
    restartOnChange({ supervisor, outline, options: asGiven }, terminal);
  await supervise({ name, file, tree, registryUrl: given ?? "", folder, startedAt, onReady }, terminal);
}
