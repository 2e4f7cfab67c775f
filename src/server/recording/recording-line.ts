import type { MethodKind } from "../../contract/contract.js";
import type { CodeName } from "../../errors/errors.js";

/** What stands where a text was hidden: in a message, and in metadata. */
export const hiddenText = "[REDACTED]";

/** One recorded call: one line of a recording, in JSON. What does not apply is left out. */
export interface RecordingLine {
  /** Of this call among all recorded ones. */
  readonly id: string;
  /** When it came in, ISO 8601. */
  readonly time: string;
  /** The name of the service that was called. */
  readonly service: string;
  /** `shop.orders.v1.OrdersService/PlaceOrder` */
  readonly method: string;
  readonly kind: MethodKind;
  /** Where the caller was: `127.0.0.1:50123`, or `memory` in process. */
  readonly peer: string;
  /** How long the caller still wanted to wait when the call came in. */
  readonly timeoutMs?: number;
  /** What came beside the request; bytes (keys in `-bin`) in base64. */
  readonly metadata: { readonly [key: string]: readonly string[] };
  /** proto3 JSON; an array of those that were read where the method takes a stream. */
  readonly request?: unknown;
  /** The request, or the rest of its stream, was too large. */
  readonly truncated?: true;
  /** The fields of the request that were hidden, such as `payment.cardNumber`, `lines[0].note`. */
  readonly redacted?: readonly string[];
  /** Why there are no messages here at all. */
  readonly unreadable?: string;
  readonly code: CodeName;
  /** Of the status, where the call failed. */
  readonly message?: string;
  readonly durationMs: number;
  /** As `request`, where responses are recorded. */
  readonly response?: unknown;
  readonly truncatedResponse?: true;
  readonly redactedResponse?: readonly string[];
}
