import { Code, codeFromNumber, decodeStatusDetails, encodeStatusDetails, RpcError } from "../../errors/errors.js";
import type { Grpc } from "./grpc.js";

/** What grpc-js says of a call that failed on this side; everything else came from the server. */
const localFailure =
  /^(Connection dropped|No connection established|Received RST_STREAM|Received HTTP status|Received message|Stream refused|Call cancelled|Bandwidth exhausted|Protocol not secure|Name resolution|Channel|Write |Failed to |Attempted to send|No status information|Received compressed message)/;

/** grpc-js adds this at run time: how far the call got. */
type WithProgress = Grpc.StatusObject & { readonly progress?: "NOT_STARTED" | "DROP" | "REFUSED" | "PROCESSED" };

/**
 * Makes an `RpcError` of a failed status.
 *
 * @param sent whether the call was ever written to a connection
 */
export function errorOfStatus(status: Grpc.StatusObject, sent: boolean): RpcError {
  const { progress } = status as WithProgress;
  const unprocessed = !sent || progress === "NOT_STARTED" || progress === "REFUSED";
  if (unprocessed && status.code !== Code.CANCELLED) {
    return new RpcError(Code.UNAVAILABLE, status.details, { unprocessed: true });
  }
  const code = codeFromNumber(status.code);
  const bytes = status.metadata.get("grpc-status-details-bin")[0];
  return new RpcError(code, status.details, {
    details: bytes instanceof Uint8Array ? decodeStatusDetails(bytes) : [],
    remote: !localFailure.test(status.details),
  });
}

/** `grpc-status-details-bin`, where there is more to say than code and message. */
export function detailsField(error: RpcError): Uint8Array | undefined {
  return error.details.length === 0 ? undefined : encodeStatusDetails(error.code, error.message, error.details);
}
