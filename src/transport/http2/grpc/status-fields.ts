import type { Metadata } from "../../../contract/contract.js";
import type { RpcError } from "../../../errors/errors.js";
import { errorFields } from "../../grpc/error-fields.js";
import { cutStatusMessage, encodeStatusMessage } from "../../grpc/status-message.js";
import { listBytes } from "../hpack/hpack.js";
import { pushMetadata } from "./fields.js";

/**
 * How a call failed, as header fields the caller takes. Where that is not all, the details stay behind, then the end of the
 * text, then the application's own fields; the code never does.
 *
 * @param maxBytes as HPACK counts
 */
export function statusFields(error: RpcError, trailer: Metadata, maxBytes: number): string[] {
  const { "grpc-status-details-bin": details, ...others } = errorFields(error);
  const fields = ["grpc-status", String(error.code)];
  for (const [name, value] of Object.entries(others)) fields.push(name, value);
  const own: string[] = [];
  pushMetadata(own, trailer);
  pushIfRoom(fields, own, maxBytes);
  const room = maxBytes - listBytes(fields) - listBytes(["grpc-message", ""]);
  const text = cutStatusMessage(encodeStatusMessage(error.message.toWellFormed()), room);
  if (text !== "") fields.push("grpc-message", text);
  if (details !== undefined) pushIfRoom(fields, ["grpc-status-details-bin", details], maxBytes);
  return fields;
}

function pushIfRoom(fields: string[], further: readonly string[], maxBytes: number): void {
  if (listBytes(fields) + listBytes(further) <= maxBytes) fields.push(...further);
}
