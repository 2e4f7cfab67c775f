import { closedError, notRegisteredHereError } from "./failures.js";
import type { Registrations } from "./registrations.js";
import type { Registry, RegistryCapabilities, ServiceSummary } from "./registry.js";
import type { Watchers } from "./watchers.js";

/** What a driver brings; the rest of a registry is the same in all of them. */
export interface RegistryParts {
  readonly name: string;
  readonly capabilities: RegistryCapabilities;
  /** Who registers instances; or, where nobody can, who says who is alive: `the cluster`. */
  readonly registrar: Pick<Registrations, "register"> | string;
  readonly watchers: Pick<Watchers, "watch">;
  /** @throws TypeError for a name that no service can have there. Default: any that services can have */
  readonly checkService?: (service: string) => void;
  /** Not asked any more once the registry is closed. */
  list(): Promise<readonly ServiceSummary[]>;
  /** Ends everything, and is called once. */
  end(): Promise<void>;
}

export function assembleRegistry(parts: RegistryParts): Registry {
  const { name, capabilities, registrar, watchers, checkService } = parts;
  let closed: Promise<void> | undefined;
  const checkOpen = (): void => {
    if (closed !== undefined) throw closedError(name);
  };
  const close = (): Promise<void> => {
    closed ??= parts.end();
    return closed;
  };
  return {
    name,
    capabilities,
    async register(instance, options) {
      if (typeof registrar !== "string") return await registrar.register(instance, options);
      checkOpen();
      throw notRegisteredHereError(name, registrar);
    },
    watch(service, onSnapshot) {
      checkService?.(service);
      return watchers.watch(service, onSnapshot);
    },
    async list() {
      checkOpen();
      return await parts.list();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
