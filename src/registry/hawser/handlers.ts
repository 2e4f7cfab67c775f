import { setMaxListeners } from "node:events";
import { type HandlerCall, type Handlers, type Logger, silentLogger } from "../../contract/contract.js";
import type { RegistryServiceDefinition, WatchResponse } from "../../gen/hawser/registry/v1/registry.js";
import { type Clock, systemClock } from "../../time/time.js";
import { checkServiceName, toMessage } from "../instance-message.js";
import { InstanceTable } from "../instance-table.js";
import { joinSignals } from "../join-signals.js";
import { summarize } from "../summaries.js";
import { Wakeup } from "../wakeup.js";
import { closing, invalid } from "./failures.js";
import { Lease } from "./lease.js";

export interface RegistryHandlersOptions {
  /** The shortest silence that is granted. Default: 1 000. */
  readonly minTtlMs?: number;
  /** The longest. Default: 300 000. */
  readonly maxTtlMs?: number;
  /** Ends every stream when it aborts, so that the server need not wait for them to close. Default: none. */
  readonly signal?: AbortSignal;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: says nothing. */
  readonly logger?: Logger;
}

/** Where a client does not say how long it may be silent. */
const usualTtlMs = 10_000;

/**
 * The server side of `hawserRegistry()`: who is alive, kept in the memory of this process. Serve it anywhere:
 * `createServer({ … }).add(RegistryServiceDefinition, registryHandlers())`.
 *
 * @throws RangeError where the bounds of the time to live are not in order
 */
export function registryHandlers(options: RegistryHandlersOptions = {}): Handlers<RegistryServiceDefinition> {
  const { minTtlMs = 1_000, maxTtlMs = 300_000, signal, clock = systemClock, logger = silentLogger } = options;
  if (!(minTtlMs > 0 && minTtlMs <= maxTtlMs && maxTtlMs < 2 ** 31)) {
    throw new RangeError(`registryHandlers: minTtlMs ${minTtlMs} and maxTtlMs ${maxTtlMs} must be > 0 and in order`);
  }
  // Every stream hears of it for as long as it is open, and there are as many as there are instances and watches.
  if (signal !== undefined) setMaxListeners(0, signal);
  const table = new InstanceTable();
  const grant = (askedMs: number) => Math.min(maxTtlMs, Math.max(minTtlMs, askedMs || usualTtlMs));

  return {
    register: (requests, call) => {
      return endedBy(signal, call, (over) => new Lease(table, { clock, logger, grant }).hold(requests, over));
    },
    watch: ({ service, heartbeatMs }, call) => {
      const options = { clock, heartbeatMs: heartbeatMs && Math.round(Math.max(minTtlMs / 3, heartbeatMs)) };
      const name = named(service);
      return endedBy(signal, call, (over) => sets(table, name, over, options));
    },
    list: () => ({ services: summarize(table.all()).map((each) => ({ ...each, versions: [...each.versions] })) }),
  };
}

/** A stream that ends with its call, and with the server. */
async function* endedBy<T>(
  closing: AbortSignal | undefined,
  call: HandlerCall,
  stream: (over: AbortSignal) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const { signal, release } = joinSignals(call.signal, ...(closing === undefined ? [] : [closing]));
  try {
    yield* stream(signal);
  } finally {
    release();
  }
}

interface Heartbeat {
  readonly clock: Clock;
  /** 0 where none is wanted. */
  readonly heartbeatMs: number;
}

/** The complete set now and after every change; a slow reader skips those that are outdated. */
async function* sets(
  table: InstanceTable,
  service: string,
  signal: AbortSignal,
  { clock, heartbeatMs }: Heartbeat,
): AsyncGenerator<WatchResponse> {
  const wakeup = new Wakeup();
  const wake = () => wakeup.wake();
  let unchanged = false;
  const unfollow = table.onChange(service, () => {
    unchanged = false;
    wake();
  });
  signal.addEventListener("abort", wake);
  try {
    while (!signal.aborted) {
      const instances = unchanged ? [] : table.of(service).map(toMessage);
      const response = { instances, revision: table.revision, unchanged, heartbeatMs };
      unchanged = true;
      yield response;
      await wakeup.wait(heartbeatMs > 0 ? { clock, ms: heartbeatMs } : undefined);
    }
    throw closing();
  } finally {
    unfollow();
    signal.removeEventListener("abort", wake);
  }
}

function named(service: string): string {
  try {
    return checkServiceName(service);
  } catch (cause) {
    throw invalid(cause);
  }
}
