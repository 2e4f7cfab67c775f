import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Closeable } from "../../contract/contract.js";
import type { AppInfo } from "../../supervisor/control/control.js";
import { formatDuration } from "../duration.js";
import { codeOf, moved, movedAside, remove } from "./folder-moves.js";
import { answers, infoFileIn, readInfo, socketIn } from "./running-app.js";
import { type Env, makeRuntimeRoot, runtimeRoot } from "./runtime-root.js";

export { type RunningApp, runningApps, runningRegistry } from "./running-app.js";

/** Where a running app is found by those who want to control it; open to its user alone. */
export interface RuntimeFolder extends Closeable {
  readonly path: string;
  /** Where its control server has to listen. */
  readonly socket: string;
  /** Tells those who look where the app's registry is. To be told before the control server listens. */
  publish(registry: string): void;
  /** Removes the folder and all that is in it; so does the end of the process, where nobody came to it. */
  close(): Promise<void>;
}

/** What is known of an app before it runs. */
export type StartingApp = Omit<AppInfo, "registry">;

/**
 * Takes the folder of an app, of which there is one for its name and file; what an app that was killed left there is removed.
 *
 * @throws Error where that app runs already, where others could reach into the folder, or where its path is too long
 */
export async function takeRuntimeFolder(app: StartingApp, env: Env): Promise<RuntimeFolder> {
  const path = join(runtimeRoot(env), keyOf(app));
  checkLength(socketIn(path));
  if (!claimed(path, env, app)) {
    await removeDead(path, app);
    if (!claimed(path, env, app)) throw runsAlready(app, readInfo(path));
  }
  return new TakenFolder(path, app);
}

class TakenFolder implements RuntimeFolder {
  readonly path: string;
  readonly socket: string;
  readonly #app: StartingApp;
  #closed = false;

  constructor(path: string, app: StartingApp) {
    this.path = path;
    this.socket = socketIn(path);
    this.#app = app;
    process.once("exit", this.#remove);
  }

  publish(registry: string): void {
    writeInfo(this.path, { ...this.#app, registry });
  }

  async close(): Promise<void> {
    process.off("exit", this.#remove);
    this.#remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #remove = (): void => {
    if (this.#closed) return; // what is there by now is another's
    this.#closed = true;
    remove(this.path);
  };
}

/** Makes the folder, aside and then moved into place: of two who start at once one gets it, and nobody sees it half made. */
function claimed(path: string, env: Env, app: StartingApp): boolean {
  const aside = makeAside(env);
  try {
    writeInfo(aside, { ...app, registry: "" });
    return moved(aside, path);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** In a root that is there: the last app to go takes it away, maybe between our making it and our using it. */
function makeAside(env: Env): string {
  for (;;) {
    try {
      return mkdtempSync(join(makeRuntimeRoot(env), ".new-"));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
}

/** `shop-1f9a0c3d`: people find the app, and two files with an app of one name do not meet. */
function keyOf({ name, file }: StartingApp): string {
  const hash = createHash("sha256")
    .update(`${name}\0${realpathSync(file)}`)
    .digest("hex")
    .slice(0, 8);
  return `${name.replace(/[^a-zA-Z0-9-]/g, "_").slice(0, 24)}-${hash}`;
}

/** A socket's path has to fit into `sun_path` with a zero behind it: 108 bytes on Linux, 104 elsewhere. */
const longestPath = process.platform === "linux" ? 107 : 103;

function checkLength(socket: string): void {
  const bytes = Buffer.byteLength(socket);
  if (bytes <= longestPath) return;
  throw new Error(
    `${socket} is too long for a socket: ${bytes} bytes, at most ${longestPath} are allowed; set XDG_RUNTIME_DIR to a folder with a shorter path`,
  );
}

function writeInfo(folder: string, info: AppInfo): void {
  const file = infoFileIn(folder);
  writeFileSync(`${file}.new`, `${JSON.stringify(info)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file); // a reader sees the old or the new, never half of one
}

/** @throws Error where who made the folder still lives */
async function removeDead(path: string, wanted: StartingApp): Promise<void> {
  const info = readInfo(path);
  if (await lives(path, info)) throw runsAlready(wanted, info);
  // Another may have been faster, and this be its new folder: looked at right before it is moved, and once it is.
  const same = (folder: string): boolean => isDeepStrictEqual(readInfo(folder), info);
  const aside = same(path) ? movedAside(path) : undefined;
  if (aside === undefined) return;
  if (same(aside)) rmSync(aside, { recursive: true, force: true });
  else moved(aside, path);
}

/** By its socket; one who has not made it yet, or is about to go, by its process. */
async function lives(folder: string, info: AppInfo | undefined): Promise<boolean> {
  const socket = socketIn(folder);
  if (existsSync(socket)) return answers(socket);
  return info !== undefined && processLives(info.pid);
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function runsAlready(wanted: StartingApp, running: AppInfo | undefined): Error {
  if (running === undefined) return new Error(`${wanted.name} is being started by somebody else; try: hawser ps`);
  const { name, pid, startedAt } = running;
  const since = formatDuration(wanted.startedAt - startedAt);
  return new Error(
    `${name} runs already (pid ${pid}, for ${since}); try: hawser ps, or hawser stop --all --app ${name}`,
  );
}
