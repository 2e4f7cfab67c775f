import { setMaxListeners } from "node:events";
import type { Handlers } from "../../contract/contract.js";
import { Code, RpcError } from "../../errors/errors.js";
import type {
  Progress,
  SupervisorServiceDefinition,
  WatchResponse,
} from "../../gen/hawser/supervisor/v1/supervisor.js";
import { type Clock, systemClock, type Timer } from "../../time/time.js";
import type { Supervisor } from "../supervisor.js";
import { reportOf, workFailed } from "./failures.js";
import { logs } from "./logs.js";
import { toChild, toEvent } from "./messages.js";
import { endAt, Outbox } from "./outbox.js";

export { SupervisorServiceDefinition } from "../../gen/hawser/supervisor/v1/supervisor.js";
export { fromChild, fromEvent, fromLine } from "./messages.js";

/** What is known of an app that runs under a supervisor. */
export interface AppInfo {
  readonly name: string;
  /** The app's file, absolute. */
  readonly file: string;
  /** Of the supervisor. */
  readonly pid: number;
  /** Where its services find each other: `hawser://127.0.0.1:41235`. */
  readonly registry: string;
  /** In ms since the epoch. */
  readonly startedAt: number;
}

export interface SupervisorHandlersOptions {
  readonly supervisor: Supervisor;
  readonly info: AppInfo;
  /** Ends every stream, after what waits to be sent, when it aborts. To be aborted once the supervisor has ended. Default: never. */
  readonly signal?: AbortSignal;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** How often `Watch` tells how all are, where nothing happens. */
const watchMs = 1000;
/** How many events may wait for a reader. */
const waiting = 1000;

/**
 * A supervisor, to be controlled from outside. `Shutdown` closes the supervisor: whoever started it sees that by `ended`.
 * Serve it only where nobody but the user who started the supervisor can come in: who may call it may end every process.
 */
export function supervisorHandlers(options: SupervisorHandlersOptions): Handlers<SupervisorServiceDefinition> {
  const { supervisor, info, signal: ending = new AbortController().signal, clock = systemClock } = options;
  setMaxListeners(0, ending); // any number may watch, or follow logs, and each hears of it
  const children = () => ({ children: supervisor.children().map(toChild) });
  return {
    info: () => ({ ...info, startedAt: new Date(info.startedAt) }),
    list: children,
    watch: (_request, { signal }) => watch(supervisor, children, clock, [signal, ending]),
    logs: (request, { signal }) => logs(supervisor, request, [signal, ending]),
    restart: ({ names }, { signal }) =>
      during(supervisor, signal, () => supervisor.restart(names.length === 0 ? undefined : names)),
    stop({ names }, { signal }) {
      if (names.length > 0) return during(supervisor, signal, () => supervisor.stop(names));
      throw new RpcError(Code.INVALID_ARGUMENT, "names: at least one is needed; Shutdown stops them all");
    },
    scale: ({ group, count }, { signal }) => during(supervisor, signal, () => supervisor.scale(group, count)),
    shutdown: (_request, { signal }) => during(supervisor, signal, () => supervisor.close()),
  };
}

async function* watch(
  supervisor: Supervisor,
  children: () => WatchResponse,
  clock: Clock,
  signals: readonly AbortSignal[],
): AsyncGenerator<WatchResponse> {
  const due = new Outbox<void>(1);
  let timer: Timer | undefined;
  const tick = (): void => {
    due.push();
    timer = clock.timer(watchMs, tick, true);
  };
  const unfollow = supervisor.onEvent(() => due.push());
  const release = endAt(due, signals);
  tick();
  try {
    for await (const _ of due) yield children();
  } finally {
    timer?.cancel();
    unfollow();
    release();
  }
}

/** What happens while work is done, then its end or failure. The work goes on where nobody waits for it any more. */
async function* during(
  supervisor: Supervisor,
  signal: AbortSignal,
  work: () => Promise<void>,
): AsyncGenerator<{ readonly progress: Progress }> {
  const outbox = new Outbox<Progress>(waiting);
  const release = endAt(outbox, [signal]);
  const unfollow = supervisor.onEvent((event) => outbox.push({ told: { $case: "event", value: toEvent(event) } }));
  const fail = (reason: unknown): void => {
    const report = reportOf(reason);
    if (report !== undefined) outbox.push({ told: { $case: "report", value: report } });
    outbox.end(workFailed(reason));
  };
  work().then(() => outbox.end(), fail);
  try {
    for await (const progress of outbox) yield { progress };
  } finally {
    unfollow();
    release();
  }
}
