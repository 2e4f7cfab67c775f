import { Code } from "../../errors/errors.js";

/**
 * The code of an answer that is HTTP and no gRPC: of a proxy, or of a server that is none.
 * Source: https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
export function codeOfHttpStatus(status: string | undefined): Code {
  switch (status) {
    case "400":
      return Code.INTERNAL;
    case "401":
      return Code.UNAUTHENTICATED;
    case "403":
      return Code.PERMISSION_DENIED;
    case "404":
      return Code.UNIMPLEMENTED;
    case "429":
    case "502":
    case "503":
    case "504":
      return Code.UNAVAILABLE;
    default:
      return Code.UNKNOWN;
  }
}
