/**
 * What a registry driver is made of, for whoever writes one: `Watchers` tells people of what a `Feed` is given,
 * `Publication` and `RegistrationStatus` keep what one registration wants and how it stands, `keepTrying` runs a loop for
 * ever. All of Hawser's own drivers are made of it, and `test/conformance/registry.ts` says what each of them promises.
 */
export {
  closedError,
  isFinal,
  notListedError,
  notRegisteredHereError,
  reasonOf,
  registeredTwiceError,
  registrationClosedError,
} from "./failures.js";
export {
  checkServiceName,
  copyInstance,
  copyUpdate,
  fromMessage,
  InstanceMessage,
  toMessage,
} from "./instance-message.js";
export { type KeepTryingOptions, keepTrying } from "./keep-trying.js";
export { Publication, type PublicationOptions } from "./publication.js";
export { RegistrationStatus, type RegistrationStatusOptions } from "./registration-status.js";
export type { Feed, Follow } from "./service-view.js";
export { summarize } from "./summaries.js";
export { Wakeup } from "./wakeup.js";
export { Watchdog } from "./watchdog.js";
export { Watchers, type WatchersOptions } from "./watchers.js";
