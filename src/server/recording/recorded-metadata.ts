import type { Metadata } from "../../contract/contract.js";
import { hiddenText } from "./call-record.js";

/** Names whose last word says that the value lets its owner in: `authorization`, `cookie`, `x-api-key`, `session_token`. */
const secretName =
  /(?:^|[-_.])(?:authorization|auth|bearer|cookie|token|key|apikey|secret|password|passwd|credentials?|session|signature|jwt)(?:-bin)?$/;

/**
 * Metadata as it is written down: bytes in base64, secrets hidden.
 *
 * @param hidden further names to hide, in lower case
 */
export function recordedMetadata(
  metadata: Metadata,
  hidden: ReadonlySet<string>,
): { readonly [key: string]: readonly string[] } {
  return Object.fromEntries(
    Object.entries(metadata.toJSON()).map(([key, values]) => [
      key,
      secretName.test(key) || hidden.has(key) ? [hiddenText] : values.map(asText),
    ]),
  );
}

function asText(value: string | Uint8Array): string {
  return typeof value === "string" ? value : Buffer.from(value).toString("base64");
}
