/**
 * What went wrong, with one meaning everywhere: `RpcError` and the 16 codes of gRPC.
 *
 * Promises to callers: every failed call rejects with an `RpcError`; its code, message and details are those the
 * handler threw, in process and over the wire. Demands of everybody else: catch at the edges only (transport, handler,
 * CLI), let errors fly between them, and name in every message the thing, the value and the way out.
 */
export {
  BadRequest,
  DebugInfo,
  ErrorInfo,
  Help,
  LocalizedMessage,
  PreconditionFailure,
  QuotaFailure,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
} from "../gen/google/rpc/error_details.js";
export { Code, type CodeName, codeFromNumber, codeName } from "./code.js";
export {
  type DetailInit,
  type DetailType,
  decodeStatusDetails,
  detail,
  type ErrorDetail,
  encodeStatusDetails,
} from "./detail.js";
export { RpcError, type RpcErrorOptions } from "./rpc-error.js";
