import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** How the names of the files of this process begin: `orders-20260101T120000Z-4711`. */
export function recordingName(service: string, nowMs: number): string {
  return `${service}-${new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "")}-${process.pid}`;
}

/** Behind the service and a dash. */
const nameRest = /^\d{8}T\d{6}Z-(\d+)(?:\.(\d+))?\.jsonl$/;

interface RecordingFile {
  readonly path: string;
  readonly pid: number;
  /** Which it is of its process, from 1. */
  readonly number: number;
  readonly writtenMs: number;
}

export interface FilesToKeep {
  readonly folder: string;
  readonly service: string;
  /** How many. */
  readonly keep: number;
}

/**
 * Removes files of a service, those that were written longest ago first. Files of other processes that live are neither
 * counted nor removed: each process looks after its own, and after those of processes that have ended. Whoever has this
 * process' number and is not this process has ended too: in a container everybody is number 1.
 */
export async function removeOldest({ folder, service, keep }: FilesToKeep): Promise<void> {
  const files = (await filesOf(folder, service)).filter(({ pid }) => pid === process.pid || !isAlive(pid));
  files.sort((a, b) => b.writtenMs - a.writtenMs || b.number - a.number);
  for (const { path } of files.slice(keep)) await rm(path, { force: true });
}

async function filesOf(folder: string, service: string): Promise<RecordingFile[]> {
  const files: RecordingFile[] = [];
  for (const name of await readdir(folder)) {
    const rest = name.startsWith(`${service}-`) ? nameRest.exec(name.slice(service.length + 1)) : null;
    if (rest === null) continue;
    const path = join(folder, name);
    const writtenMs = await lastWrite(path);
    if (writtenMs !== undefined) files.push({ path, pid: Number(rest[1]), number: Number(rest[2] ?? 1), writtenMs });
  }
  return files;
}

/** Undefined where it has just been removed by another. */
async function lastWrite(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code === "EPERM"; // it is another user's
  }
}
