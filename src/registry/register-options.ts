import type { RegisterOptions } from "./registry.js";

/** With its defaults. @throws RangeError for a time that is none */
export function resolveRegisterOptions(registryName: string, options: RegisterOptions = {}): Required<RegisterOptions> {
  const { timeoutMs = 10_000, wait = true } = options;
  if (typeof timeoutMs === "number" && timeoutMs >= 0) return { timeoutMs, wait };
  throw new RangeError(
    `${registryName}: register(): timeoutMs is ${timeoutMs}; it must be a number of ms, 0 or more, or Infinity`,
  );
}
