/**
 * Whom to call.
 *
 * The client gives a selector the instances that can be called now and tells it how each call ended. A selector promises
 * to choose one of those, never one in `avoid` while there is another, and to answer without waiting. It demands that
 * every pick is done exactly once.
 */
import type { Instance, Method } from "../contract/contract.js";
import type { Code } from "../errors/errors.js";

export interface Selector {
  /** As in logs and metrics: `leastLoaded`. */
  readonly name: string;
  /** The complete set that can be called from now on. What is known of instances that stay is kept. */
  update(instances: readonly Instance[]): void;
  /** Undefined where there is nobody to call. */
  pick(call: CallInfo): Pick | undefined;
}

export interface CallInfo {
  readonly method: Method;
  /** Ids of instances this call has already failed on. */
  readonly avoid: ReadonlySet<string>;
}

/** One choice, and the road back for what came of it. */
export interface Pick {
  readonly instance: Instance;
  /** The call has ended; a stream when its last message was read. */
  done(outcome: Outcome): void;
}

export interface Outcome {
  readonly code: Code;
  /** The instance itself failed, rather than saying no: a business error is never its fault. */
  readonly failed: boolean;
}

/** Makes a selector for one service; it keeps state, so every client has its own. */
export type SelectorFactory = () => Selector;
