/**
 * Who is alive.
 *
 * A driver promises callers: a registered instance stays registered until `close()`, whatever happens to the backend in
 * between; a watch delivers complete sets, the first as soon as it is known, each different from the last; while the
 * backend is away the last known set stays, marked stale. It demands of callers: one `close()` for whatever they opened.
 */
import type { Closeable, Instance } from "../contract/contract.js";

export interface Registry extends Closeable {
  /** As a person would name it, backend included: `etcd://10.0.0.1:2379`. For messages. */
  readonly name: string;
  /**
   * Keeps an instance registered until the registration is closed. Resolves once it is registered for the first time.
   *
   * @throws RpcError UNAVAILABLE where the backend cannot be reached within `options.timeoutMs`; nothing is left behind
   * @throws RpcError ALREADY_EXISTS where this registry has registered the id already
   * @throws TypeError for an instance that no registry can carry
   */
  register(instance: Instance, options?: RegisterOptions): Promise<Registration>;
  /**
   * Follows a service. `onSnapshot` is called with the complete set: once it is first known, and after every change;
   * never before `watch()` has returned.
   */
  watch(service: string, onSnapshot: (snapshot: Snapshot) => void): Watch;
  /** Every service that has an instance. @throws RpcError UNAVAILABLE where the backend cannot be reached */
  list(): Promise<readonly ServiceSummary[]>;
}

export interface RegisterOptions {
  /** How long the first registration may take. Default: 10 000. */
  readonly timeoutMs?: number;
}

/** `lost`: the backend forgot the instance or is away, and the driver is registering it again; or it is closed. */
export type RegistrationState = "registered" | "lost";

export interface Registration extends Closeable {
  readonly state: RegistrationState;
  /**
   * Publishes the instance as it is now: another state, weight or metadata; id and service stay.
   *
   * @throws RpcError UNAVAILABLE where the backend is away; what was asked for is published once it is back
   */
  update(instance: Instance): Promise<void>;
}

/** Everybody who offers a service, at one moment. */
export interface Snapshot {
  readonly service: string;
  /** Ordered by id. */
  readonly instances: readonly Instance[];
  /** The backend is away: this is the last that was known. */
  readonly stale: boolean;
}

export interface Watch extends Closeable {}

export interface ServiceSummary {
  readonly name: string;
  readonly versions: readonly string[];
  readonly instances: number;
}
