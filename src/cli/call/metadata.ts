import { Metadata } from "../../contract/contract.js";
import { UsageError } from "../failure.js";

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** `key:value` each; keys that end in `-bin` take base64. @throws UsageError for a header gRPC does not allow */
export function parseMetadata(headers: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (const header of headers) {
    const colon = header.indexOf(":");
    if (colon < 1) throw new UsageError(`-H ${JSON.stringify(header)}: expected key:value`);
    const key = header.slice(0, colon).trim();
    try {
      metadata.append(key, parseValue(key, header.slice(colon + 1).trim()));
    } catch (cause) {
      throw new UsageError(`-H ${JSON.stringify(header)}: ${(cause as Error).message}`, { cause });
    }
  }
  return metadata;
}

function parseValue(key: string, value: string): string | Uint8Array {
  if (!key.toLowerCase().endsWith("-bin")) return value;
  if (base64.test(value)) return Buffer.from(value, "base64");
  throw new TypeError("a key that ends in -bin takes base64");
}

/** As it is written on the command line. */
export function metadataEntries(metadata: Metadata): readonly (readonly [key: string, value: string])[] {
  return [...metadata].map(([key, value]) => [
    key,
    typeof value === "string" ? value : Buffer.from(value).toString("base64"),
  ]);
}
