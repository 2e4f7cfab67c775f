/**
 * How an instance stands with a registry. `registering`: asked for, and not confirmed yet; `registered`: the backend has
 * it as it is; `lost`: the backend has forgotten it or is away, and the driver is registering it again; `closed`: given up.
 */
export type RegistrationState = "registering" | "registered" | "lost" | "closed";

/** Something a registry driver has to tell of its own work, for metrics. */
export type RegistryEvent =
  | {
      readonly type: "registration";
      readonly service: string;
      readonly id: string;
      readonly state: RegistrationState;
    }
  /** The backend was asked to keep what is registered, and did, or did not. */
  | { readonly type: "renewal"; readonly ok: boolean }
  /** A watch was interrupted and begins anew. */
  | { readonly type: "watch-restart"; readonly service: string }
  /** So many changes of a service came from the backend. */
  | { readonly type: "changes"; readonly service: string; readonly count: number }
  /** Somebody watches the service; the backend has not answered yet. */
  | { readonly type: "watched"; readonly service: string }
  /** Watchers were told a set. */
  | { readonly type: "snapshot"; readonly service: string; readonly instances: number; readonly stale: boolean }
  /**
   * The backend has confirmed that the picture of a service is right. Never where there is nobody to ask, because the truth is in
   * this process: such a picture has no age.
   */
  | { readonly type: "confirmed"; readonly service: string }
  /** Nobody watches the service any more. */
  | { readonly type: "unwatched"; readonly service: string };

/** Is told at once, and must not throw. */
export type RegistryMonitor = (event: RegistryEvent) => void;
