import type { Reply } from "../contract/contract.js";
import type { RpcError } from "../errors/errors.js";

/** What waits for the answer of one call. */
export interface Caller {
  resolve(reply: Reply): void;
  reject(error: RpcError): void;
  /** The call is over for the caller, whatever its handler still does. */
  ended(): void;
}
