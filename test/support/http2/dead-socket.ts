import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished } from "vitest";

/** A folder, there until the test ends, with the socket of a server that died in it. */
export async function folderWithDeadSocket(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "echo.sock");
  await leaveDead(path);
  return { folder, path };
}

/** Leaves the socket of a server that was killed. */
export async function leaveDead(path: string): Promise<void> {
  const dying = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
  await promisify(execFile)(process.execPath, ["-e", dying]).catch(() => {});
  expect((await stat(path)).isSocket()).toBe(true);
}
