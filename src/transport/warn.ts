/** Tells the operator of what an application's callback threw: there is no call that could fail with it. */
export function warn(message: string, reason: unknown): void {
  const detail = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
  process.emitWarning(message, { type: "TransportWarning", detail });
}
