import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { AppInfo } from "../../supervisor/control/control.js";
import { type Env, runtimeFolders } from "./runtime-root.js";

/** An app whose supervisor can be spoken to. */
export interface RunningApp extends AppInfo {
  /** The path of the socket it is controlled by. */
  readonly socket: string;
}

/** Every app of this user that runs, by name. @throws Error where others could reach into the folder they are in */
export async function runningApps(env: Env): Promise<readonly RunningApp[]> {
  const found = runtimeFolders(env).map(async (folder): Promise<readonly RunningApp[]> => {
    const info = readInfo(folder);
    const socket = socketIn(folder);
    return info !== undefined && (await answers(socket)) ? [{ ...info, socket }] : [];
  });
  return (await Promise.all(found)).flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The registry of the app that runs, by its URL; undefined where none does, or several that have not all the same. Never rejects.
 *
 * @param file only the app of this file counts, by its absolute path. Default: any
 */
export async function runningRegistry(env: Env, file?: string): Promise<string | undefined> {
  const apps = await runningApps(env).catch(() => []); // a folder that is not safe to read names no registry
  const wanted = apps.filter((app) => file === undefined || app.file === file);
  const urls = new Set(wanted.map(({ registry }) => registry).filter((url) => url !== ""));
  return urls.size === 1 ? [...urls][0] : undefined;
}

export function socketIn(folder: string): string {
  return join(folder, "control.sock");
}

export function infoFileIn(folder: string): string {
  return join(folder, "app.json");
}

/** What `app.json` in the folder says; undefined where there is none that can be read. */
export function readInfo(folder: string): AppInfo | undefined {
  try {
    const { name, file, pid, registry, startedAt } = JSON.parse(readFileSync(infoFileIn(folder), "utf8"));
    const texts = [name, file, registry].every((value) => typeof value === "string");
    return texts && Number.isInteger(pid) && pid > 0 && Number.isFinite(startedAt)
      ? { name, file, pid, registry, startedAt }
      : undefined;
  } catch {
    return undefined;
  }
}

/** What a connection to a socket fails with where nobody listens. */
const nobody = new Set(["ECONNREFUSED", "ENOENT", "ENOTSOCK"]);

/** Whether somebody listens on a socket. One who is too busy to answer does. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const settle = (answer: boolean): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.once("connect", () => settle(true));
    connection.once("error", ({ code = "" }: NodeJS.ErrnoException) => settle(!nobody.has(code)));
  });
}
