import type { Registry } from "./registry.js";

/** The same registry, but for what is said here. It is given away: closing the one closes the other, unless that is said too. */
export function wrapped(
  registry: Registry,
  changes: Partial<Omit<Registry, typeof Symbol.asyncDispose>> = {},
): Registry {
  const close = changes.close ?? (() => registry.close());
  return {
    name: registry.name,
    capabilities: registry.capabilities,
    register: (instance, options) => registry.register(instance, options),
    watch: (service, onSnapshot) => registry.watch(service, onSnapshot),
    list: () => registry.list(),
    ...changes,
    close,
    [Symbol.asyncDispose]: close,
  };
}
