import { vi } from "vitest";

/** Resolves once the check passes. For what can be awaited in no other way; patient, since a busy machine is slow. */
export function eventually(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 30_000, interval: 5 });
}
