/**
 * Where a start could not listen because somebody does already: `grpc://127.0.0.1:50051`; undefined where it failed for
 * something else.
 */
export function takenAddress(reason: unknown): string | undefined {
  if (!isTaken(reason)) return undefined;
  const [address] = /[a-z][a-z0-9+]*:\/\/[^\s,:]+(?::\d+)?/.exec((reason as Error).message) ?? [];
  return address ?? "an address";
}

function isTaken(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false;
  const { code } = reason as NodeJS.ErrnoException;
  return code === "EADDRINUSE" || reason.message.includes("EADDRINUSE") || isTaken(reason.cause);
}
