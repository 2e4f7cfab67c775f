import { BadRequest, Code, detail, RetryInfo, RpcError } from "../../src/errors/errors.js";

/** In a handler. */
export function checkSku(sku: string): void {
  if (sku !== "") return;
  throw new RpcError(Code.INVALID_ARGUMENT, "sku is empty", {
    details: [detail(BadRequest, { fieldViolations: [{ field: "sku", description: "must not be empty" }] })],
  });
}

/** At the caller. */
export async function explain(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "well";
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const fields = error.detail(BadRequest)?.fieldViolations.map(({ field }) => field) ?? [];
    if (fields.length > 0) return `please mend ${fields.join(", ")}`;
    const wait = error.detail(RetryInfo)?.retryDelay;
    return wait === undefined ? `${error}` : `again in ${wait.seconds} s`;
  }
}
