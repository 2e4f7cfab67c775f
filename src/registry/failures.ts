import { Code, codeName, RpcError } from "../errors/errors.js";

/** Codes that trying again does not change: the caller must change something first. */
const finalCodes: ReadonlySet<Code> = new Set([
  Code.INVALID_ARGUMENT,
  Code.ALREADY_EXISTS,
  Code.PERMISSION_DENIED,
  Code.UNAUTHENTICATED,
  Code.FAILED_PRECONDITION,
  Code.UNIMPLEMENTED,
]);

/** Whether it is pointless to try again. */
export function isFinal(error: unknown): boolean {
  return error instanceof RpcError && finalCodes.has(error.code);
}

export function closedError(registry: string): RpcError {
  return new RpcError(Code.FAILED_PRECONDITION, `${registry}: the registry is closed; make a new one`);
}

export function registrationClosedError(registry: string, id: string): RpcError {
  return new RpcError(Code.FAILED_PRECONDITION, `${registry}: the registration of "${id}" is closed; register it anew`);
}

export function registeredTwiceError(registry: string, id: string): RpcError {
  return new RpcError(
    Code.ALREADY_EXISTS,
    `${registry}: instance "${id}" is registered already; close that registration first, or give each instance its own id`,
  );
}

/** @param who says who is alive there: `the cluster` */
export function notRegisteredHereError(registry: string, who: string): RpcError {
  return new RpcError(
    Code.UNIMPLEMENTED,
    `${registry}: nobody can register here; ${who} says who is alive (capabilities.register is false)`,
  );
}

/** Why `list()` has nothing to say. @param hint what a person may do */
export function notListedError(registry: string, cause: unknown, hint: string): RpcError {
  const code = isFinal(cause) ? (cause as RpcError).code : Code.UNAVAILABLE;
  const message = `${registry}: services could not be listed (${reasonOf(cause, registry)}); ${hint}`;
  return new RpcError(code, message, { cause });
}

/** A failure as it reads inside another message, which names the registry itself. */
export function reasonOf(error: unknown, registry: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.startsWith(`${registry}: `) ? message.slice(registry.length + 2) : message;
  return error instanceof RpcError ? `${codeName(error.code)}: ${reason}` : reason;
}
