/** A value that begins or ends with a blank is malformed (RFC 9113 §8.2.1): nghttp2 drops it. */
const plain = /^(?! )[ -$&-~]*(?<! )$/;

const unencoded = /^[ -$&-~]*$/;

const encoder = new TextEncoder();

/** `grpc-message`: UTF-8, percent-encoded but for printable ASCII other than "%", and blanks at the ends. */
export function encodeStatusMessage(text: string): string {
  if (plain.test(text)) return text;
  let encoded = "";
  const bytes = encoder.encode(text);
  for (const [at, byte] of bytes.entries()) {
    const blankAtEnd = byte === 0x20 && (at === 0 || at === bytes.length - 1);
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && !blankAtEnd
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

const ellipsis = "%E2%80%A6";

/** An encoded text of no more than so many characters: what is cut ends in "…", and no character is cut in two. */
export function cutStatusMessage(encoded: string, maxLength: number): string {
  if (encoded.length <= maxLength) return encoded;
  let end = maxLength - ellipsis.length;
  if (end <= 0) return "";
  if (encoded[end - 1] === "%") end -= 1;
  else if (encoded[end - 2] === "%") end -= 2;
  while (/^%[89AB]/.test(encoded.slice(end, end + 2))) end -= 3;
  return encoded.slice(0, end) + ellipsis;
}

/**
 * What is not encoded as it should be is taken as it stands, UTF-8 too: an error shall not be lost over its text.
 *
 * @param text one character a byte
 */
export function decodeStatusMessage(text: string): string {
  if (unencoded.test(text)) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const hex = text[at] === "%" ? /^[0-9a-fA-F]{2}/.exec(text.slice(at + 1, at + 3))?.[0] : undefined;
    bytes.push(hex === undefined ? text.charCodeAt(at) & 0xff : Number.parseInt(hex, 16));
    if (hex !== undefined) at += 2;
  }
  return Buffer.from(bytes).toString("utf8");
}
