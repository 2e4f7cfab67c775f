import { Code, RpcError } from "../../errors/errors.js";
import { SupervisionError } from "../supervision-error.js";
import type { Supervisor } from "../supervisor.js";

/** Of all groups and processes, each once. */
export function knownNames(supervisor: Supervisor): readonly string[] {
  return [...new Set(supervisor.children().flatMap(({ name, group }) => [group, name]))];
}

export function unknownName(name: string, known: readonly string[]): RpcError {
  const there = known.length === 0 ? "nothing runs here" : `there: ${known.join(", ")}`;
  return new RpcError(Code.NOT_FOUND, `no process or group "${name}"; ${there}`);
}

/**
 * What the work of a supervisor failed with, of which a RangeError is about a name: its first line, for it travels in a
 * header field. Told as it is, whatever it is: only the user whose processes these are can ask.
 */
export function workFailed(reason: unknown): RpcError {
  const code =
    reason instanceof RangeError
      ? Code.NOT_FOUND
      : reason instanceof SupervisionError
        ? Code.FAILED_PRECONDITION
        : Code.UNKNOWN;
  const [message = ""] = (reason instanceof Error ? reason.message : String(reason)).split("\n");
  return new RpcError(code, message.slice(0, 1000), { cause: reason });
}

/** The whole of it, where it is about a process. */
export function reportOf(reason: unknown): string | undefined {
  return reason instanceof SupervisionError ? reason.report?.text.slice(0, 100_000) : undefined;
}
