/**
 * Who is alive.
 *
 * A driver promises callers: a registered instance stays registered until `close()`, whatever happens to the backend in
 * between; a watch delivers complete sets, the first as soon as it is known, each different from the last; while the
 * backend is away the last known set stays, marked stale, and who is missing when it comes back is given the time to
 * register again. It demands of callers: one `close()` for whatever they opened. What a driver of your own is made of is
 * in `hawser/registry/driver`.
 */
import type { Closeable, Instance, RegistrationState } from "../contract/contract.js";

export type { RegistrationState, RegistryEvent, RegistryMonitor } from "../contract/contract.js";

export interface Registry extends Closeable {
  /** As a person would name it, backend included: `etcd://10.0.0.1:2379`. For messages. */
  readonly name: string;
  readonly capabilities: RegistryCapabilities;
  /**
   * Keeps an instance registered until the registration is closed. Resolves once it is registered for the first time.
   *
   * @throws RpcError UNAVAILABLE where the backend cannot be reached within `options.timeoutMs`; nothing is left behind
   * @throws RpcError ALREADY_EXISTS where this registry has registered the id already
   * @throws RpcError UNIMPLEMENTED where `capabilities.register` says no
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
  /** How long the first registration may take; for ever where it is `Infinity`. Default: 10 000. */
  readonly timeoutMs?: number;
  /**
   * Whether to wait until the instance is registered. `false` is for who shall start while the backend is away: the
   * registration comes at once, in the state `registering`, and is tried for ever; only what is wrong with the instance
   * or the registry itself rejects. Default: true.
   */
  readonly wait?: boolean;
}

/** What a kind of registry can do at all. */
export interface RegistryCapabilities {
  /** Whether `register()` can be used. Where not, somebody else says who is alive: a cluster, a file, a name server. */
  readonly register: boolean;
  /** Whether an instance that vanishes without a word is taken out, without anybody's doing. */
  readonly lease: boolean;
  /** `push`: a change is told when it happens; `poll`: it is seen when the driver asks again. */
  readonly watch: "push" | "poll";
}

export interface Registration extends Closeable {
  readonly state: RegistrationState;
  /** When the state became what it is. */
  readonly since: Date;
  /** Calls back whenever the state changes, at once; `closed` is the last. Returns what ends that. */
  onState(listener: (state: RegistrationState) => void): () => void;
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
