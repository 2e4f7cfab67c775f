import { type Backoff, exponentialBackoff } from "../../../time/time.js";
import type { ResolvedEtcdOptions } from "../options.js";

/** Up to a tenth of the time to live: quicker than that of other loops, since there is something to save while a lease may live. */
export function renewalBackoff({ ttlMs, random }: ResolvedEtcdOptions): Backoff {
  return exponentialBackoff({ initialMs: Math.min(100, ttlMs / 10), maxMs: ttlMs / 10, random });
}
