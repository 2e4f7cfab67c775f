import type { Logger } from "../contract/contract.js";
import type { Registration, RegistrationState } from "../registry/registry.js";
import type { Health } from "../server/server.js";
import type { Clock } from "../time/time.js";

/** What `grpc.health.v1` is asked for to learn whether an instance is registered. */
export const registrationHealthName = "hawser.registry";

export interface RegistrationHealthOptions {
  readonly registryName: string;
  readonly health: Health;
  readonly logger: Logger;
  readonly clock: Clock;
  /** It is registered for the first time. */
  readonly onRegistered: () => void;
}

/**
 * Tells how a registration stands: probes by `hawser.registry`, which is SERVING while it is registered, and people in the
 * log where it is lost and found again. The server itself is as well as it was: who knows the instance can call it.
 */
export function tellOfRegistration(registration: Registration, options: RegistrationHealthOptions): void {
  const { registryName, health, logger, clock, onRegistered } = options;
  const show = (state: RegistrationState): void =>
    health.set(registrationHealthName, state === "registered" ? "SERVING" : "NOT_SERVING");

  let known = registration.state === "registered";
  let awaySince = known ? undefined : clock.now();
  show(registration.state);
  if (known) onRegistered();
  else logger.warn({ registry: registryName }, "not registered yet; it is tried until it is");

  registration.onState((state) => {
    show(state);
    if (state === "lost" && awaySince === undefined) {
      awaySince = clock.now();
      logger.warn({ registry: registryName }, "the registration is lost; it is tried again until it holds");
    }
    if (state !== "registered" || awaySince === undefined) return;
    const ms = Math.round(clock.now() - awaySince);
    awaySince = undefined;
    logger.info({ registry: registryName, ms }, `registered${known ? " again" : ""}, after ${ms} ms`);
    if (!known) onRegistered();
    known = true;
  });
}
