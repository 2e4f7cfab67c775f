import type { Http2Code } from "../errors.js";

/** What a peer may do to which stream, by the side of the connection that says so (RFC 9113 §5.1). */
export interface StreamRules {
  /** Whether nobody has opened the stream yet. */
  isIdle(id: number): boolean;
  /** @param id that the peer uses and that is no open stream's. @throws ConnectionError where it cannot be */
  checkClosed(id: number, type: number): void;
  /** The peer broke a rule that concerns one stream alone. @throws ConnectionError where it does so all the time */
  failStream(streamId: number, code: Http2Code, message: string): void;
  /** The peer ends a stream before its time. @throws ConnectionError where it does so all the time */
  onReset(): void;
}
