import { BadRequest, Code, detail, RpcError } from "hawser/errors";

/** @throws RpcError INVALID_ARGUMENT where a caller has left out what he must choose */
export function required(field: string, value: string): string {
  if (value !== "") return value;
  throw new RpcError(Code.INVALID_ARGUMENT, `${field} is missing`, {
    details: [detail(BadRequest, { fieldViolations: [{ field, description: "chosen by the caller" }] })],
  });
}
