import {
  type Child,
  type Event as EventMessage,
  type Exit as ExitMessage,
  type LogLine as LogLineMessage,
  Child_State as State,
  LogLine_Stream as Stream,
} from "../../gen/hawser/supervisor/v1/supervisor.js";
import type { ChildState, ChildStatus, Exit, LogLine, SupervisorEvent } from "../supervisor.js";

const stateNumbers: { readonly [Name in ChildState]: State } = {
  waiting: State.STATE_WAITING,
  starting: State.STATE_STARTING,
  ready: State.STATE_READY,
  stopping: State.STATE_STOPPING,
  "backing-off": State.STATE_BACKING_OFF,
  stopped: State.STATE_STOPPED,
};

const stateNames = new Map<State, ChildState>(
  (Object.keys(stateNumbers) as ChildState[]).map((name) => [stateNumbers[name], name]),
);

export function toChild(status: ChildStatus): Child {
  const { name, group, state, pid, restarts, startedAt, step, lastExit, stats } = status;
  return {
    name,
    group,
    state: stateNumbers[state],
    pid,
    restarts,
    startedAt: startedAt === undefined ? undefined : new Date(startedAt),
    step,
    lastExit: lastExit === undefined ? undefined : toExit(lastExit),
    stats: stats === undefined ? undefined : { ...stats, memoryBytes: BigInt(Math.round(stats.memoryBytes)) },
  };
}

/** A state that is not known here, of a newer supervisor, counts as `waiting`. */
export function fromChild(child: Child): ChildStatus {
  const { name, group, state, pid, restarts, startedAt, step, lastExit, stats } = child;
  return {
    name,
    group,
    state: stateNames.get(state) ?? "waiting",
    pid,
    restarts,
    startedAt: startedAt?.getTime(),
    step,
    lastExit: lastExit === undefined ? undefined : fromExit(lastExit),
    stats:
      stats === undefined
        ? undefined
        : {
            cpu: stats.cpu,
            memoryBytes: Number(stats.memoryBytes),
            eventLoopDelayMs: stats.eventLoopDelayMs,
            callsPerSecond: stats.callsPerSecond,
            errorsPerSecond: stats.errorsPerSecond,
            ...(stats.p50Ms === undefined ? {} : { p50Ms: stats.p50Ms }),
            ...(stats.p99Ms === undefined ? {} : { p99Ms: stats.p99Ms }),
          },
  };
}

export function toLine({ child, group, stream, text, time }: LogLine): LogLineMessage {
  const number = stream === "stderr" ? Stream.STREAM_STDERR : Stream.STREAM_STDOUT;
  return { child, group, stream: number, text, time: new Date(time) };
}

export function fromLine({ child, group, stream, text, time }: LogLineMessage): LogLine {
  return {
    child,
    group,
    stream: stream === Stream.STREAM_STDERR ? "stderr" : "stdout",
    text,
    time: time?.getTime() ?? 0,
  };
}

export function toEvent({ child, type, text, exit }: SupervisorEvent): EventMessage {
  return { child, type, text, exit: exit === undefined ? undefined : toExit(exit) };
}

export function fromEvent({ child, type, text, exit }: EventMessage): SupervisorEvent {
  return {
    child,
    type: type as SupervisorEvent["type"],
    text,
    ...(exit === undefined ? {} : { exit: fromExit(exit) }),
  };
}

/** Of longer lines the rest is left out: the states of many processes travel in one message, and its size has a limit. */
const longestLine = 2000;

function toExit({ code, signal, reason, lastLines }: Exit): ExitMessage {
  const lines = lastLines.map((line) => line.slice(0, longestLine));
  return { code: code ?? undefined, signal: signal ?? undefined, reason, lastLines: lines };
}

function fromExit({ code, signal, reason, lastLines }: ExitMessage): Exit {
  return {
    code: code ?? null,
    signal: (signal as NodeJS.Signals | undefined) ?? null,
    ...(reason === undefined ? {} : { reason }),
    lastLines,
  };
}
