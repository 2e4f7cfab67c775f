import { doNotRestart, type Intensity } from "./spec.js";
import type { CrashReport, Exit } from "./status.js";

/** `ended with code 1`; `was ended by SIGKILL (frozen: …)`. */
export function describeExit({ code, signal, reason }: Exit): string {
  if (code === null && signal === null) return reason ?? "ended";
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  return reason === undefined ? how : `${how} (${reason})`;
}

/** @param hint what to do about it; undefined: what its exit code says */
export function failureOf(child: string, restarts: number, exit: Exit, when: string, hint?: string): CrashReport {
  const lines = exit.lastLines.map((line) => `  | ${line}`);
  const text = [
    `${child} ${describeExit(exit)}${when}`,
    lines.length === 0 ? `${child} wrote nothing` : `the last lines of ${child}:`,
    ...lines,
    `→ ${hint ?? adviceFor(exit)}`,
  ].join("\n");
  return { child, restarts, exit, text };
}

/** A group has given up because of what it was told last; one that allows no restart only passes it on. */
export function gaveUp(group: string, { restarts, withinMs }: Intensity, last: CrashReport): CrashReport {
  if (restarts === 0) return last;
  const limit = `more than ${restarts} restart${restarts === 1 ? "" : "s"} within ${seconds(withinMs)}`;
  return { ...last, text: `${group} gave up (${limit}): ${last.text}` };
}

/** `30 s`, `0.2 s`. */
export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function adviceFor({ code, reason }: Exit): string {
  if (code === doNotRestart)
    return `code ${doNotRestart} says that another try will not help: mend its configuration first`;
  if (code === null && reason !== undefined) return "mend that, then start again";
  return "mend what its last lines tell of, then start again";
}
