import { setMaxListeners } from "node:events";
import {
  type AbortListener,
  type AbortSource,
  type Call,
  type CallOptions,
  Cancellation,
  type LazySignal,
  Metadata,
} from "../contract/contract.js";
import type { Clock, Deadline } from "../time/time.js";

/** Metadata that goes along from call to call by itself: W3C trace context and baggage, and what says so in its name. */
const travelling = new Set(["traceparent", "tracestate", "baggage"]);
const travellingPrefix = "x-hawser-global-";

/** What the caller asked for, and what of the call being handled goes along. */
export function metadataOf(options: CallOptions, parent: Call | undefined): Metadata {
  const metadata = new Metadata(options.metadata);
  if (parent === undefined || parent.metadata.empty) return metadata;
  const own = new Set(metadata.keys());
  for (const [key, value] of parent.metadata) {
    if ((travelling.has(key) || key.startsWith(travellingPrefix)) && !own.has(key)) metadata.append(key, value);
  }
  return metadata;
}

/** The earliest of: what the caller asked for, the default, and what is left to the call being handled less the margin. */
export function deadlineOf(
  options: CallOptions,
  parent: Call | undefined,
  defaultTimeoutMs: number,
  marginMs: number,
  clock: Clock,
): Deadline | undefined {
  const { timeoutMs, deadline } = options;
  if (timeoutMs !== undefined && !(timeoutMs >= 0))
    throw new RangeError(`timeoutMs: must be 0 or more, was ${timeoutMs}`);
  if (deadline !== undefined && Number.isNaN(deadline))
    throw new RangeError("deadline: must be a moment in ms, was NaN");
  const timeout = timeoutMs ?? (deadline === undefined ? defaultTimeoutMs : Number.POSITIVE_INFINITY);
  const own = Math.min(
    timeout === Number.POSITIVE_INFINITY ? timeout : clock.now() + timeout,
    deadline ?? Number.POSITIVE_INFINITY,
  );
  const inherited = parent?.deadline === undefined ? Number.POSITIVE_INFINITY : parent.deadline - marginMs;
  const earliest = Math.min(own, inherited);
  return earliest === Number.POSITIVE_INFINITY ? undefined : earliest;
}

/** What ends a call before its deadline. */
export interface Linked {
  readonly ending: AbortSignal | LazySignal | undefined;
  /** The call is over: lets go of what it listened to. */
  readonly release: (() => void) | undefined;
}

const nothingToLink: Linked = { ending: undefined, release: undefined };

/**
 * What aborts with the first of them. One signal may serve any number of calls at once: Node's warning of a leak at the
 * eleventh listener is not for these.
 */
export function link(
  own: AbortSignal | undefined,
  inherited: AbortSignal | LazySignal | undefined,
  leave: Cancellation | undefined,
): Linked {
  if (own === undefined && inherited === undefined)
    return leave === undefined ? nothingToLink : { ending: leave, release: undefined };
  for (const source of [own, inherited]) if (source instanceof AbortSignal) setMaxListeners(0, source);
  if (leave === undefined && (own === undefined || inherited === undefined || own === inherited))
    return { ending: own ?? inherited, release: undefined };
  const ending = leave ?? new Cancellation();
  const sources: readonly AbortSource[] = [own, inherited].filter((source) => source !== undefined);
  const listener: AbortListener = {
    handleEvent() {
      release();
      ending.abort(sources.find(({ aborted }) => aborted)?.reason);
    },
  };
  const release = (): void => {
    for (const source of sources) source.removeEventListener("abort", listener);
  };
  for (const source of sources) source.addEventListener("abort", listener);
  if (sources.some(({ aborted }) => aborted)) listener.handleEvent();
  return { ending, release };
}
