import {
  abortSource,
  type Call,
  type Invoke,
  type Middleware,
  type Reply,
  RequestStream,
} from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import {
  type Backoff,
  type Clock,
  exponentialBackoff,
  type Random,
  sleep,
  systemClock,
  systemRandom,
} from "../time/time.js";
import { RetryBudget } from "./retry-budget.js";
import { triedInstances } from "./tried-instances.js";

export interface RetryOptions {
  /** Attempts of one call, the first included. Default: 3. */
  readonly maxAttempts?: number;
  /** Share it between clients of one service. Default: 20 % of calls, at least 10 a second. */
  readonly budget?: RetryBudget;
  /** The wait before the second attempt, doubled before the third, with full jitter, in ms. Default: 25. */
  readonly initialBackoffMs?: number;
  /** Default: 1000. */
  readonly maxBackoffMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Makes a failed call again, where that is safe:
 *
 * - a call that no handler saw goes to the next instance at once, until all have been tried;
 * - a method whose contract says `idempotency_level` is repeated on UNAVAILABLE, elsewhere where there is an elsewhere.
 *
 * Anything else fails as it is: business errors, deadlines, a stream whose answer has begun or whose requests have been
 * read. Every retry but the first kind comes out of the budget and waits first, as long as the server asked where it did.
 * What failed in vain is marked so, and nobody above repeats it again: retries do not multiply from service to service.
 */
export function retry(options: RetryOptions = {}): Middleware {
  const {
    maxAttempts = 3,
    initialBackoffMs = 25,
    maxBackoffMs = 1000,
    clock = systemClock,
    random = systemRandom,
  } = options;
  if (!(maxAttempts >= 1)) throw new RangeError(`maxAttempts: must be 1 or more, was ${maxAttempts}`);
  if (!(initialBackoffMs >= 0)) throw new RangeError(`initialBackoffMs: must be 0 or more, was ${initialBackoffMs}`);
  if (!(maxBackoffMs >= 0)) throw new RangeError(`maxBackoffMs: must be 0 or more, was ${maxBackoffMs}`);
  const budget = options.budget ?? new RetryBudget({ clock });
  const backoff = exponentialBackoff({ initialMs: initialBackoffMs, maxMs: maxBackoffMs, random });
  const policy: Policy = { maxAttempts, budget, backoff, clock };
  return (next) => (made) => {
    const call = watchingRequests(made);
    budget.record();
    return next(call).catch((error: unknown) => repeat(next, call, RpcError.from(error), policy));
  };
}

interface Policy {
  readonly maxAttempts: number;
  readonly budget: RetryBudget;
  readonly backoff: Backoff;
  readonly clock: Clock;
}

/** A stream of requests that tells whether it has been read, whoever put it there. */
function watchingRequests(call: Call): Call {
  if (!call.method.requestStream || call.message instanceof RequestStream) return call;
  return call.with({ message: new RequestStream(call.message as AsyncIterable<unknown>) });
}

async function repeat(next: Invoke, call: Call, first: RpcError, policy: Policy): Promise<Reply> {
  let error = first;
  let waits = 0;
  for (let attempt = 2; ; attempt++) {
    if (!repeatable(call, error)) throw error;
    const elsewhere = error.unprocessed && call.values.get(triedInstances)?.othersLeft === true;
    if (!elsewhere) {
      waits++;
      const waitMs = error.retryPushbackMs ?? policy.backoff(waits);
      if (waits >= policy.maxAttempts || !(await pause(call, waitMs, policy))) throw inVain(error);
    }
    try {
      return await next(call.with({ attempt }));
    } catch (reason) {
      error = RpcError.from(reason);
    }
  }
}

function repeatable(call: Call, error: RpcError): boolean {
  if (abortSource(call)?.aborted || error.code !== Code.UNAVAILABLE) return false;
  if (error.retryPushbackMs !== undefined && error.retryPushbackMs < 0) return false;
  if (call.message instanceof RequestStream && call.message.started) return false;
  return error.unprocessed || call.method.idempotency !== "unknown";
}

/** The same error for those above: it has been repeated already. */
function inVain(error: RpcError): RpcError {
  const { code, message, cause, details, remote } = error;
  return new RpcError(code, message, { cause, details, remote, retryPushbackMs: -1 });
}

/** Waits; false where the deadline or the budget does not allow it. A caller who gives up meanwhile ends the wait. */
async function pause(call: Call, waitMs: number, { budget, clock }: Policy): Promise<boolean> {
  if (call.deadline !== undefined && clock.now() + waitMs >= call.deadline) return false;
  if (!budget.spend()) return false;
  await sleep(clock, waitMs, call.signal);
  return true;
}
