import { Code, DebugInfo, detail, RpcError } from "../../errors/errors.js";
import type { CrashReport, Supervisor } from "../supervisor.js";

/** Of all groups and processes, each once. */
export function knownNames(supervisor: Supervisor): readonly string[] {
  return [...new Set(supervisor.children().flatMap(({ name, group }) => [group, name]))];
}

export function unknownName(name: string, known: readonly string[]): RpcError {
  const there = known.length === 0 ? "nothing runs here" : `there: ${known.join(", ")}`;
  return new RpcError(Code.NOT_FOUND, `no process or group "${name}"; ${there}`);
}

/** What the work of a supervisor failed with, as its caller shall hear it. */
export function workFailed(reason: unknown): RpcError {
  if (reason instanceof RangeError) return new RpcError(Code.NOT_FOUND, reason.message, { cause: reason });
  const report = reportOf(reason);
  if (report === undefined) return RpcError.from(reason);
  const { exit, text } = report;
  const info = detail(DebugInfo, { detail: text, stackEntries: exit.lastLines });
  return new RpcError(Code.FAILED_PRECONDITION, (reason as Error).message, { details: [info], cause: reason });
}

function reportOf(reason: unknown): CrashReport | undefined {
  return reason instanceof Error && "report" in reason ? (reason.report as CrashReport) : undefined;
}
