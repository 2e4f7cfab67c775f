/**
 * The 16 status codes of gRPC and OK; there are no others.
 * Source: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
 */
export const Code = {
  OK: 0,
  /** The caller gave up. */
  CANCELLED: 1,
  /** A failure nobody named: the handler threw something that is no `RpcError`. */
  UNKNOWN: 2,
  /** The request is wrong whatever the state of the system. */
  INVALID_ARGUMENT: 3,
  /** Time ran out; the work may have been done all the same. */
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  /** The caller is known and may not. */
  PERMISSION_DENIED: 7,
  /** A limit, a quota, a size. */
  RESOURCE_EXHAUSTED: 8,
  /** The system is not in the state this needs; a retry does not help until somebody changes it. */
  FAILED_PRECONDITION: 9,
  /** A conflict with another writer; retry the whole transaction. */
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  /** The method is not here. */
  UNIMPLEMENTED: 12,
  /** An invariant is broken. */
  INTERNAL: 13,
  /** Not now; a retry may help. */
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  /** The caller is not known. */
  UNAUTHENTICATED: 16,
} as const;

export type Code = (typeof Code)[keyof typeof Code];
export type CodeName = keyof typeof Code;

const names = Object.keys(Code) as CodeName[];

/** `"NOT_FOUND"` for 5. */
export function codeName(code: Code): CodeName {
  return names[code] as CodeName;
}

/** Reads a status code off the wire; a number gRPC does not know means UNKNOWN. */
export function codeFromNumber(value: number): Code {
  return Number.isInteger(value) && value >= 0 && value < names.length ? (value as Code) : Code.UNKNOWN;
}
