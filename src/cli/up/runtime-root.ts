import { type Dirent, existsSync, lstatSync, mkdirSync, readdirSync, type Stats, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import type { Io } from "../io.js";
import { codeOf } from "./folder-moves.js";

/** What is in an environment. */
export type Env = Io["env"];

/**
 * The folder that holds one folder for each app this user runs: `$XDG_RUNTIME_DIR/hawser`, which the system made for this
 * user alone and empties when they log out; where it has none, `hawser-<uid>` in the folder for temporary files.
 */
export function runtimeRoot(env: Env): string {
  const runtime = env["XDG_RUNTIME_DIR"];
  if (runtime && isAbsolute(runtime) && existsSync(runtime)) return join(runtime, "hawser");
  return join(env["TMPDIR"] || tmpdir(), `hawser-${user()}`);
}

/** Makes the folder where there is none. @throws Error where others could reach into it, saying what to do */
export function makeRuntimeRoot(env: Env): string {
  const root = runtimeRoot(env);
  try {
    mkdirSync(root, { mode: 0o700 });
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") {
      throw new Error(`${root} cannot be made: ${(cause as Error).message}; ${wayOut}`, { cause });
    }
  }
  checkPrivate(root, lstatSync(root));
  return root;
}

/** The folders in it; none where it is not there. @throws Error where others could reach into it */
export function runtimeFolders(env: Env): readonly string[] {
  const root = runtimeRoot(env);
  const stats = lstatSync(root, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  checkPrivate(root, stats);
  const isApp = (entry: Dirent): boolean => entry.isDirectory() && !entry.name.startsWith(".");
  return entriesOf(root)
    .filter(isApp)
    .map(({ name }) => join(root, name));
}

/** None where the folder went away a moment ago. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

const wayOut = "set XDG_RUNTIME_DIR to a folder that is yours alone";

/** Who could write here could take the place of an app, and would be trusted. */
function checkPrivate(root: string, stats: Stats): void {
  if (!stats.isDirectory()) throw new Error(`${root} is no folder; remove it, or ${wayOut}`);
  if (stats.uid !== user()) throw new Error(`${root} belongs to user ${stats.uid}, not to you (${user()}); ${wayOut}`);
  const mode = stats.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new Error(`${root} is open to others (mode ${mode.toString(8)}); try: chmod 700 ${root}, or ${wayOut}`);
  }
  checkParent(dirname(root));
}

/** Who owns the folder around it, or may rename what is in there, could put another in its place. */
function checkParent(parent: string): void {
  const { uid, mode } = statSync(parent);
  if (uid !== user() && uid !== 0)
    throw new Error(`${parent} belongs to user ${uid}, not to you (${user()}); ${wayOut}`);
  const [writable, sticky] = [(mode & 0o022) !== 0, (mode & 0o1000) !== 0];
  if (writable && !sticky) {
    throw new Error(`${parent} is open to others (mode ${(mode & 0o777).toString(8)}); ${wayOut}`);
  }
}

function user(): number {
  return process.getuid?.() ?? 0;
}
