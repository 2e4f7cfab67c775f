import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { vi } from "vitest";
import type { ProcessSpec } from "../../src/supervisor/supervisor.js";

const fixture = (name: string): string => join(import.meta.dirname, "fixtures", name);

/** A process that runs `fixtures/child.mjs`. */
export function real(name: string, does: readonly string[], more: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name, command: process.execPath, args: [fixture("child.mjs"), ...does], after: [], ...more };
}

/** How node runs a fixture in TypeScript. */
export function typescript(name: string, ...args: readonly string[]): readonly string[] {
  return ["--import", import.meta.resolve("tsx"), fixture(name), ...args];
}

/** Whether the process table knows it, but for those that are dead and only not collected yet. */
export function runs(pid: number): boolean {
  try {
    return !/^Z/.test(execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }));
  } catch {
    return false;
  }
}

/** Resolves once none of them runs. Nobody tells when a process that is no child of ours ends. */
export async function gone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(
    () => {
      const left = pids.filter(runs);
      if (left.length > 0) throw new Error(`still there: ${left.join(", ")}`);
    },
    { timeout: 30_000, interval: 50 },
  );
}
