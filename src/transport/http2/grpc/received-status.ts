import { Code, codeFromNumber, RpcError } from "../../../errors/errors.js";
import { errorOfFields } from "../../grpc/error-fields.js";
import { fromBase64 } from "../../grpc/header-fields.js";
import { codeOfHttpStatus } from "../../grpc/http-status.js";
import { decodeStatusMessage } from "../../grpc/status-message.js";
import type { Heading } from "./fields.js";

/** How the server says a call has ended; undefined where it went well. An error that is not `remote` is of this side. */
export function receivedStatus({
  grpcStatus,
  grpcMessage = "",
  statusDetails,
  pushback,
}: Heading): RpcError | undefined {
  if (grpcStatus === "0") return undefined;
  if (grpcStatus === undefined) return new RpcError(Code.UNKNOWN, "the response has no grpc-status");
  const details = statusDetails === undefined ? undefined : fromBase64(statusDetails);
  return errorOfFields(codeOf(grpcStatus), decodeStatusMessage(grpcMessage), details, pushback);
}

/** What is left of an answer whose header fields did not all fit: the code of an error, where that has come. */
export function cutStatus({ grpcStatus = "0" }: Heading): RpcError {
  const failed = grpcStatus !== "0";
  const code = failed ? codeFromNumber(codeOf(grpcStatus)) : Code.RESOURCE_EXHAUSTED;
  return new RpcError(code, "the header fields of the response are too large", { remote: failed });
}

/** The answer of a proxy, or of a server that speaks no gRPC. */
export function httpStatus({ status, contentType }: Heading): RpcError {
  if (status !== "200") return new RpcError(codeOfHttpStatus(status), `Received HTTP status code ${status}`);
  return new RpcError(Code.UNKNOWN, `the response is ${contentType ?? "of no content-type"}, not application/grpc`);
}

function codeOf(grpcStatus: string): number {
  return /^\d{1,3}$/.test(grpcStatus) ? Number(grpcStatus) : Code.UNKNOWN;
}
