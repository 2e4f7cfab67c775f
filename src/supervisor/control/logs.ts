import type { LogsRequest, LogsResponse } from "../../gen/hawser/supervisor/v1/supervisor.js";
import type { LogLine, Supervisor, SupervisorEvent } from "../supervisor.js";
import { knownNames, unknownName } from "./failures.js";
import { toEvent, toLine } from "./messages.js";
import { endAt, Outbox } from "./outbox.js";

/** How many entries may wait for a reader. */
const waiting = 10_000;
/** How many of the last lines, where the request does not say. */
const linesUnlessSaid = 100;

/** The last lines and, where it follows, what comes, until a signal aborts. @throws RpcError NOT_FOUND for a name nobody has */
export async function* logs(
  supervisor: Supervisor,
  { names, lines = linesUnlessSaid, follow }: LogsRequest,
  signals: readonly AbortSignal[],
): AsyncGenerator<LogsResponse> {
  const known = knownNames(supervisor);
  for (const name of names) if (!known.includes(name)) throw unknownName(name, known);
  const outbox = new Outbox<LogsResponse>(waiting);
  const release = endAt(outbox, signals);
  const unfollow = follow ? pour(supervisor, new Set(names), outbox) : [];
  try {
    const last = lines === 0 ? [] : supervisor.lines(names.length === 0 ? undefined : names, lines);
    for (const line of last) yield lineEntry(line);
    if (!follow) return;
    for await (const entry of outbox) {
      const skipped = outbox.takeDropped();
      if (skipped > 0) yield { entry: { $case: "skipped", value: skipped } };
      yield entry;
    }
  } finally {
    for (const each of unfollow) each();
    release();
  }
}

/** Fills the outbox with what the named say and what happens to them; everybody, where none is named. */
function pour(
  supervisor: Supervisor,
  names: ReadonlySet<string>,
  outbox: Outbox<LogsResponse>,
): readonly (() => void)[] {
  /** Of processes that are gone too: the last that happens to one may be told after it has left. */
  const groups = new Map<string, string>();
  const learn = (): void => {
    for (const { name, group } of supervisor.children()) groups.set(name, group);
  };
  const wanted = (child: string, group = ""): boolean => names.size === 0 || names.has(child) || names.has(group);
  learn();
  return [
    supervisor.onLine((line) => {
      if (wanted(line.child, line.group)) outbox.push(lineEntry(line));
    }),
    supervisor.onEvent((event) => {
      learn();
      if (wanted(event.child, groups.get(event.child))) outbox.push(eventEntry(event));
    }),
  ];
}

function lineEntry(line: LogLine): LogsResponse {
  return { entry: { $case: "line", value: toLine(line) } };
}

function eventEntry(event: SupervisorEvent): LogsResponse {
  return { entry: { $case: "event", value: toEvent(event) } };
}
