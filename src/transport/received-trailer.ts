import { ContextKey, type Metadata } from "../contract/contract.js";

/** What a server sent along with an error: a call that failed has no `Reply` to hold it. Set by the transport. */
export const receivedTrailer: ContextKey<(() => Metadata) | undefined> = new ContextKey("receivedTrailer", undefined);
