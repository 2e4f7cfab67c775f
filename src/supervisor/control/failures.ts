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

/** What the work of a supervisor failed with. Told whole, whatever it is: only the user whose processes these are can ask. */
export function workFailed(reason: unknown): RpcError {
  if (reason instanceof RangeError) return new RpcError(Code.NOT_FOUND, reason.message, { cause: reason });
  const message = reason instanceof Error ? reason.message : String(reason);
  const report = reportOf(reason);
  if (report === undefined) return new RpcError(Code.UNKNOWN, message, { cause: reason });
  const info = detail(DebugInfo, { detail: report.text, stackEntries: report.exit.lastLines });
  return new RpcError(Code.FAILED_PRECONDITION, message, { details: [info], cause: reason });
}

function reportOf(reason: unknown): CrashReport | undefined {
  return reason instanceof Error && "report" in reason ? (reason.report as CrashReport) : undefined;
}
