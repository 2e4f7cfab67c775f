import type { EtcdApi, KeyRange } from "../api.js";
import type { ResolvedEtcdOptions } from "../options.js";
import type { RangeObserver } from "../watch/range-watch.js";

/** What registrations are made with. */
export interface RegistrationContext {
  readonly api: EtcdApi;
  readonly options: ResolvedEtcdOptions;
  readonly watching: Watching;
}

/** Makes what follows a range of keys, once started: a `RangeWatch`. */
export type Watching = (range: KeyRange, observer: RangeObserver) => { start(): void; close(): Promise<void> };
