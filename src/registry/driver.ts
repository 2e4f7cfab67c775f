/**
 * What a registry driver is made of, for whoever writes one: `Watchers` tells people of what a `Feed` is given,
 * which `followBy()` leaves to a `Follower` for each service, `Registrations` keeps the books of what is registered and
 * leaves to a `Keeper` what a backend does for one instance, an `Upkeep` keeps the loop of either going from its start to
 * its end, `assembleRegistry()` makes one registry of them. All of Hawser's own drivers are made of it, and
 * `test/conformance/registry.ts` says what each of them promises.
 */
export { assembleRegistry, type RegistryParts } from "./assemble-registry.js";
export {
  closedError,
  isFinal,
  notListedError,
  notRegisteredHereError,
  reasonOf,
  registeredTwiceError,
  registrationClosedError,
} from "./failures.js";
export { type Follower, followBy } from "./follow-by.js";
export {
  checkServiceName,
  copyInstance,
  copyUpdate,
  fromMessage,
  InstanceMessage,
  toMessage,
} from "./instance-message.js";
export { InstanceTable, type TableEntry } from "./instance-table.js";
export { type JoinedSignal, joinSignals } from "./join-signals.js";
export { type KeepTryingOptions, keepTrying } from "./keep-trying.js";
export { type Keeper, type Kept, KeptRegistration, type KeptRegistrationOptions } from "./kept-registration.js";
export { LeftOut } from "./left-out.js";
export { markInterrupted } from "./mark-interrupted.js";
export { Publication, type PublicationOptions } from "./publication.js";
export { healthyMs, reconnectBackoff } from "./reconnect-backoff.js";
export { resolveRegisterOptions } from "./register-options.js";
export { RegistrationStatus, type RegistrationStatusOptions } from "./registration-status.js";
export { Registrations, type RegistrationsOptions } from "./registrations.js";
export type { Feed, Follow } from "./service-view.js";
export { summarize } from "./summaries.js";
export { Upkeep, type UpkeepOptions } from "./upkeep.js";
export { Wakeup } from "./wakeup.js";
export { Watchdog } from "./watchdog.js";
export { Watchers, type WatchersOptions } from "./watchers.js";
