import { type Backoff, exponentialBackoff } from "../../time/time.js";
import type { ResolvedEtcdOptions } from "./options.js";

/** 0.8 s to 30 s with full jitter, as Kubernetes' reflector, so that a restarted etcd is not run over by a thousand clients. */
export function etcdBackoff(options: ResolvedEtcdOptions): Backoff {
  return exponentialBackoff({ initialMs: 800, maxMs: 30_000, random: options.random });
}

/** After two healthy minutes the waits start anew, as there. */
export const healthyMs = 120_000;

/** Quicker, and up to a tenth of the time to live only: while a lease may live, there is something to save. */
export function renewalBackoff({ ttlMs, random }: ResolvedEtcdOptions): Backoff {
  return exponentialBackoff({ initialMs: Math.min(100, ttlMs / 10), maxMs: ttlMs / 10, random });
}
