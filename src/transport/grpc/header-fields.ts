import { type Metadata, type MetadataValue, namesOfHttp } from "../../contract/contract.js";

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Names that belong to gRPC and HTTP/2, never to an application. */
export function isReserved(name: string): boolean {
  return name.startsWith(":") || name.startsWith("grpc-") || namesOfHttp.has(name);
}

/** Metadata as header fields: bytes in base64 without padding, as gRPC recommends. Reserved names stay behind. */
export function writeFields(
  metadata: Metadata,
  fields: { [name: string]: string | string[] | number | undefined },
): void {
  if (metadata.empty) return;
  for (const [key, value] of metadata) {
    if (isReserved(key)) continue;
    const text = typeof value === "string" ? value : toBase64(value);
    const existing = fields[key];
    if (existing === undefined) fields[key] = text;
    else if (Array.isArray(existing)) existing.push(text);
    else fields[key] = [String(existing), text];
  }
}

/** The entries of one received field; a `-bin` field may carry several values joined by commas. */
export function* readField(name: string, text: string): Iterable<readonly [string, MetadataValue]> {
  if (!name.endsWith("-bin")) yield [name, text];
  else for (const part of text.split(",")) yield [name, fromBase64(part)];
}

export function toBase64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return text.replace(/=+$/, "");
}

/** Whether every value of a received `-bin` field is base64, padded or not. */
export function isBase64(text: string): boolean {
  return text.split(",").every((part) => base64.test(part.trim()));
}

export function fromBase64(text: string): Uint8Array {
  return Buffer.from(text.trim(), "base64");
}
