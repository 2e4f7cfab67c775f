import type { ClosableClient } from "../../client/client.js";
import type { Closeable, Instance, ServiceDefinition } from "../../contract/contract.js";
import type { App } from "../define-app.js";
import type { RegistrationStanding } from "../presence.js";
import type { ServiceClientOptions } from "../service-interface.js";
import type { Placement } from "../spec.js";

/** Services of an app, alive in this process. */
export interface RunningApp extends Closeable {
  readonly app: App;
  /** Names of those that run here at the moment. */
  readonly services: readonly string[];
  /** Those that run here, as registries know them. */
  readonly instances: readonly Instance[];
  /** How a service stands with the registry that others share. Undefined where it is not to be found there. @throws RangeError for a name that is not here */
  registration(service: string): RegistrationStanding | undefined;
  /** Resolves with the reason where a service cannot go on: what runs should be closed then. */
  readonly failure: Promise<Error>;
  /** A client from outside of any service; closed with the app. */
  client<D extends ServiceDefinition>(
    definition: D,
    service: string,
    options?: ServiceClientOptions & { readonly placement?: Placement },
  ): ClosableClient<D>;
  /** Sends the calls of a need elsewhere from now on; none fails for it. @throws RangeError for a service that is not here, or a need it does not have */
  place(service: string, need: string, placement: Placement): void;
  /** One more service moves in. @throws RangeError for a name the app does not have, or that is here */
  startService(name: string): Promise<void>;
  /** One moves out: its calls end here, and whoever needs it finds it elsewhere. @throws RangeError for a name that is not here */
  stopService(name: string): Promise<void>;
  /** Stops all, each before those it needs. Takes `drainMs`, `graceMs` and `teardownMs` at most, and never fails: the log says what did, and what hangs is left behind. */
  close(): Promise<void>;
}
