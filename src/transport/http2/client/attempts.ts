import { type Backoff, exponentialBackoff } from "../../../time/time.js";
import type { ResolvedOptions } from "../options.js";
import type { Link } from "./link.js";

/** How attempts to reach one address have fared since a connection was of use: how long the next one waits. */
export class Attempts {
  readonly #backoff: Backoff;
  #failures = 0;
  #forgiven = false;

  constructor({ reconnectInitialMs: initialMs, reconnectMaxMs: maxMs, random }: ResolvedOptions) {
    this.#backoff = exponentialBackoff({ initialMs, maxMs, jitter: "equal", random });
  }

  /** Whether a connection that takes no more calls was of use. If so, what was before it is forgotten. */
  thrived(link: Link): boolean {
    if (!link.proved(this.#backoff(this.#failures + 1))) return false;
    this.#failures = 0;
    this.#forgiven = false;
    return true;
  }

  /** Whether one that was of no use is forgiven: the first in a row that had calls. */
  forgives(link: Link): boolean {
    if (!link.carried || this.#forgiven) return false;
    this.#forgiven = true;
    return true;
  }

  /** @returns how long the next attempt waits, in ms */
  failed(): number {
    this.#failures++;
    return this.#backoff(this.#failures);
  }
}
