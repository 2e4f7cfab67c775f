/**
 * What a supervisor and its processes say to each other, over Node's IPC channel as JSON. Every message carries
 * `hawser: 1`; whatever else comes along the channel belongs to somebody else and is left alone. A process is asked to stop
 * with SIGTERM, not with a message.
 */
import type { ChildStats } from "./status.js";

/** Names the process its supervisor started; where it stands, the channel is a supervisor's. */
export const nameVariable = "HAWSER_SUPERVISED";

export type ChildMessage =
  /** What it is doing now, while it starts: said again where it hangs. */
  | { readonly type: "step"; readonly text: string }
  /** It listens and is known to whoever must know it. */
  | { readonly type: "ready" }
  /** It cannot listen at this address, for somebody else does; it waits for `go-on`. */
  | { readonly type: "blocked"; readonly address: string }
  /** Answers the ping of this number, from the event loop. */
  | { readonly type: "pong"; readonly ping: number }
  | { readonly type: "stats"; readonly stats: ChildStats }
  | { readonly type: "answer"; readonly id: number; readonly payload?: unknown; readonly error?: string };

export type SupervisorMessage =
  | { readonly type: "ping"; readonly ping: number }
  /** Answers `blocked`: whether the process it replaces, which may have listened there, has gone. */
  | { readonly type: "go-on"; readonly alone: boolean }
  /** A question whose name and payload (JSON) only those who ask and answer understand. */
  | { readonly type: "command"; readonly id: number; readonly name: string; readonly payload?: unknown };

export function tagged(message: ChildMessage | SupervisorMessage): object {
  return { hawser: 1, ...message };
}

/** Undefined for anything that is no message of a child. */
export function readChildMessage(value: unknown): ChildMessage | undefined {
  if (!isTagged(value)) return undefined;
  switch (value["type"]) {
    case "ready":
      return { type: "ready" };
    case "step":
      return typeof value["text"] === "string" ? { type: "step", text: value["text"] } : undefined;
    case "blocked":
      return typeof value["address"] === "string" ? { type: "blocked", address: value["address"] } : undefined;
    case "pong":
      return typeof value["ping"] === "number" ? { type: "pong", ping: value["ping"] } : undefined;
    case "stats":
      return isStats(value["stats"]) ? { type: "stats", stats: value["stats"] } : undefined;
    case "answer":
      return typeof value["id"] === "number" ? (value as ChildMessage & { type: "answer" }) : undefined;
    default:
      return undefined;
  }
}

/** Undefined for anything that is no message of a supervisor. */
export function readSupervisorMessage(value: unknown): SupervisorMessage | undefined {
  if (!isTagged(value)) return undefined;
  if (value["type"] === "ping" && typeof value["ping"] === "number") return { type: "ping", ping: value["ping"] };
  if (value["type"] === "go-on" && typeof value["alone"] === "boolean") return { type: "go-on", alone: value["alone"] };
  const isCommand = value["type"] === "command" && typeof value["id"] === "number" && typeof value["name"] === "string";
  return isCommand ? (value as SupervisorMessage & { type: "command" }) : undefined;
}

type Fields = { readonly [name: string]: unknown };

function isTagged(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && (value as Fields)["hawser"] === 1;
}

const measured = ["cpu", "memoryBytes", "eventLoopDelayMs", "callsPerSecond", "errorsPerSecond"] as const;

function isStats(value: unknown): value is ChildStats {
  return (
    typeof value === "object" && value !== null && measured.every((name) => Number.isFinite((value as Fields)[name]))
  );
}
