import type { RpcError } from "../../../errors/errors.js";
import type { Address } from "../../transport.js";
import type { ClientConnection } from "../connection/client-connection.js";

/** Where the calls of a channel get their connection from. */
export interface CallTarget {
  readonly address: Address;
  /**
   * Asks for a connection with room for one more call. The answer comes once: at once, before this returns, where such a
   * connection stands; else in the order in which waiters asked.
   */
  acquire(waiter: Waiter): void;
  /** The waiter wants no answer any more. Does nothing where it had one. */
  forget(waiter: Waiter): void;
}

/** A call that has no connection yet. */
export interface Waiter {
  /** Has to open its stream before it returns, or the room is another's. */
  onConnection(connection: ClientConnection): void;
  /** No connection could be had: UNAVAILABLE, `unprocessed`. The text is the reason alone, without method and address. */
  onFailure(error: RpcError): void;
}
