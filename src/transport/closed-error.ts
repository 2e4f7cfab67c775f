import { Code, RpcError } from "../errors/errors.js";
import type { Address } from "./transport.js";

/** Of a call that comes when its channel is closed. */
export function closedError(address: Address): RpcError {
  return new RpcError(Code.UNAVAILABLE, `the channel to ${address} is closed`, { unprocessed: true });
}
