import { codeFromNumber, decodeStatusDetails, encodeStatusDetails, RpcError } from "../../errors/errors.js";
import { toBase64 } from "./header-fields.js";

/** What goes with an error beside its code and message. */
export function errorFields(error: RpcError): { readonly [name: string]: string } {
  const { code, message, details, retryPushbackMs } = error;
  return {
    ...(details.length === 0
      ? {}
      : { "grpc-status-details-bin": toBase64(encodeStatusDetails(code, message, details)) }),
    ...(retryPushbackMs === undefined ? {} : { "grpc-retry-pushback-ms": String(Math.trunc(retryPushbackMs)) }),
  };
}

/**
 * The error a server sent.
 *
 * @param details of `grpc-status-details-bin`
 * @param pushback `grpc-retry-pushback-ms`
 */
export function errorOfFields(
  code: number,
  message: string,
  details: Uint8Array | undefined,
  pushback: string | undefined,
): RpcError {
  return new RpcError(codeFromNumber(code), message, {
    details: details === undefined ? [] : decodeStatusDetails(details),
    remote: true,
    ...(pushback === undefined ? {} : { retryPushbackMs: parsePushback(pushback) }),
  });
}

/** What does not parse means "never", says gRFC A6. */
export function parsePushback(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : -1;
}
