import type { Metadata } from "../../contract/contract.js";
import { hiddenText } from "./recording-line.js";

/** Hidden where they stand anywhere in a name; `author` and `authority` are no `auth`, and a secretary no `secret`. */
const telling =
  /auth(?!or(?!i[sz]))|token|session|secret(?!ar)|cookie|credential|bearer|jwt|assertion|signature|passw|passphrase|passcode|pwd|[cx]srf|api[-_.]?key/;

/** Hidden where a word begins or ends with it: `otpcode` and `totp`, but not `footprint`. */
const oneTime = /(?<![a-z])otp|otp(?![a-z])/;

/** Hidden as words of their own, for many others have these letters: `monkey`, `compass`, `shipping`, `design`. */
const words = /(?<![a-z])(?:(?:access|pass|private)?keys?|pass|pin|sid|sig|hmac)(?![a-z])/;

/**
 * Metadata as it is written down: bytes in base64, `[REDACTED]` for the values of names that say they let somebody in.
 * Rather a name too many than one too few: `x-tokens-left` and `idempotency-key` are hidden too. Only names are looked at:
 * a secret under one that tells nothing is written, unless it is among `hidden`.
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
      tells(key) || hidden.has(key) ? [hiddenText] : values.map(asText),
    ]),
  );
}

function tells(name: string): boolean {
  return telling.test(name) || oneTime.test(name) || words.test(name);
}

function asText(value: string | Uint8Array): string {
  return typeof value === "string" ? value : Buffer.from(value).toString("base64");
}
