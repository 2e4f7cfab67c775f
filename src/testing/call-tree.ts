import { codeName } from "../errors/errors.js";
import type { RecordedCall } from "./call-record.js";

/**
 * The calls as a text, each below the one whose handler made it: `orders → inventory.reserve UNAVAILABLE`. Those that ended
 * well say nothing of it.
 */
export function callTree(calls: readonly RecordedCall[]): string {
  const known = new Set(calls);
  const below = (cause: RecordedCall | undefined, indent: string): readonly string[] =>
    calls
      .filter(({ causedBy }) => (causedBy !== undefined && known.has(causedBy) ? causedBy : undefined) === cause)
      .flatMap((call) => [`${indent}${line(call)}`, ...below(call, `${indent}  `)]);
  return below(undefined, "").join("\n");
}

function line({ from, to, method, attempt, code, faulty }: RecordedCall): string {
  const notes = [
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(code === undefined ? ["under way"] : code === 0 ? [] : [codeName(code)]),
    ...(faulty ? ["(injected)"] : []),
  ];
  return [`${from} → ${to}.${method}`, ...notes].join(" ");
}
