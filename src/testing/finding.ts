import type { Execution, LogicalCall } from "./logical-call.js";

/** What a repeated call has brought to light. */
export interface Finding {
  /**
   * `undeclared`: carried out more than once, and the contract does not say that it may be. `unlike`: the contract says so,
   * and the handler, which had answered, answered otherwise.
   */
  readonly kind: "undeclared" | "unlike";
  readonly service: string;
  /** As in TypeScript: `placeOrder`. */
  readonly method: string;
  /** How many calls met with it. */
  readonly calls: number;
  /** For people: what happened, and what to do about it. */
  readonly message: string;
}

/** One for each method and kind. @param isFake whether nobody's handler answers for a service but the test's */
export function findingsIn(calls: Iterable<LogicalCall>, isFake: (service: string) => boolean): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const call of calls) {
    const finding = findingOf(call, isFake);
    if (finding === undefined) continue;
    const key = `${finding.kind} ${finding.service} ${call.method.fullName}`;
    const known = found.get(key);
    found.set(key, known === undefined ? finding : { ...known, calls: known.calls + 1 });
  }
  return [...found.values()];
}

function findingOf(call: LogicalCall, isFake: (service: string) => boolean): Finding | undefined {
  const { method, to, from, executions } = call;
  if (executions.length < 2) return undefined;
  const finding = { service: to, method: method.localName, calls: 1 };
  if (method.idempotency === "unknown") {
    const message =
      `${method.fullName} was carried out ${times(executions.length)} for one call of ${from}, and its contract does not ` +
      "say that it may be: make the handler idempotent and say `option idempotency_level = IDEMPOTENT`, or do not repeat it";
    return { kind: "undeclared", ...finding, message };
  }
  const unlike = isFake(to) ? undefined : disagreeing(executions);
  if (unlike === undefined) return undefined;
  const [answer, other] = unlike.map(({ answer }) => answer);
  const message =
    `${method.fullName} was carried out ${times(executions.length)} for one call of ${from}, and did not come to the same: ` +
    `${answer}, then ${other}; its contract says that it may be repeated`;
  return { kind: "unlike", ...finding, message };
}

/** One that succeeded, and one after it that came to something else. */
function disagreeing(executions: readonly Execution[]): readonly [Execution, Execution] | undefined {
  for (const [index, first] of executions.entries()) {
    if (!first.succeeded) continue;
    const other = executions.slice(index + 1).find((each) => comparable(first, each) && !each.agreesWith(first));
    if (other !== undefined) return [first, other];
  }
  return undefined;
}

/** What is only read may have changed from one attempt to the next, by the very work that is repeated; not within one. */
function comparable(first: Execution, other: Execution): boolean {
  return first.of.method.idempotency === "idempotent" || first.record === other.record;
}

function times(count: number): string {
  return count === 2 ? "twice" : `${count} times`;
}
