import { readdirSync, readFileSync } from "node:fs";

export interface Relative {
  readonly pid: number;
  /** Its command line. */
  readonly command: string;
}

/**
 * The processes that were started with a variable in their environment, whoever started them: what `/proc` knows, so on
 * Linux only. One that has ended and was not waited for yet does not count.
 *
 * @param variable `NAME=value`
 */
export function relatives(variable: string): readonly Relative[] {
  const found: Relative[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(variable)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trimEnd();
      if (command !== "") found.push({ pid: Number(pid), command });
    } catch {
      // It has just ended, or is another user's.
    }
  }
  return found;
}

/** Ends all of them at once, as by `kill -9`. */
export function killRelatives(variable: string): void {
  for (const { pid } of relatives(variable)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
}
