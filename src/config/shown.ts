import { readJson } from "./json.js";
import { isPlainObject } from "./plain-object.js";

const secretKey = /password|passwd|passphrase|pwd|secret|token|credential|key/i;
const hidden = "«hidden»";
const maxLength = 100;

/** A value as a message may show it: on one line, not too long, without what its keys call a secret. */
export function shown(path: readonly string[], value: unknown): string {
  const json = JSON.stringify(disclosed(isSecret(path), value)) ?? "undefined";
  const text = json.replace(/"(«[^"]*»)"/g, "$1");
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

/** What a schema says of a value, which it may quote, without the secrets in it. */
export function withoutSecrets(message: string, path: readonly string[], value: unknown): string {
  const longestFirst = secretsIn(isSecret(path), value).toSorted((a, b) => b.length - a.length);
  const text = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, hidden), message);
  return withoutPassword(text).replaceAll(/\s*\n\s*/g, " ");
}

function isSecret(path: readonly string[]): boolean {
  return path.some((key) => secretKey.test(key));
}

function disclosed(isHidden: boolean, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => disclosed(isHidden, each));
  if (isPlainObject(value)) {
    const entries = Object.entries(value).map(
      ([key, inner]) => [key, disclosed(isHidden || isSecret([key]), inner)] as const,
    );
    return Object.fromEntries(entries);
  }
  if (isHidden) return hidden;
  if (typeof value === "string") return looksLikeJson(value) ? disclosedJson(value) : withoutPassword(value);
  if (typeof value === "bigint") return `«${value}»`;
  return typeof value === "object" && value !== null ? `«${value.constructor.name}»` : value;
}

/** A text that may hold secrets under keys of its own. */
function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function disclosedJson(text: string): unknown {
  const json = readJson(text);
  return json === undefined ? "«a text that is no JSON»" : disclosed(false, json.value);
}

/** Everything in a value that may not be told, as texts. */
function secretsIn(isHidden: boolean, value: unknown): readonly string[] {
  if (typeof value === "string" && looksLikeJson(value)) {
    return [value, JSON.stringify(value).slice(1, -1), ...secretsIn(isHidden, readJson(value)?.value)];
  }
  if (Array.isArray(value)) return value.flatMap((each) => secretsIn(isHidden, each));
  if (isPlainObject(value)) {
    return Object.entries(value).flatMap(([key, inner]) => secretsIn(isHidden || isSecret([key]), inner));
  }
  const isTold = !isHidden || value === undefined || value === null || value === "" || typeof value === "boolean";
  return isTold ? [] : [String(value), JSON.stringify(String(value)).slice(1, -1)];
}

/** Of `postgres://user:secret@host`, `host=db password=secret` and the like. */
function withoutPassword(text: string): string {
  return text.replace(/\/\/[^\s"']*@/g, "//…@").replace(/((?:password|passwd|pwd|secret|token)=)[^\s&;,"']+/gi, "$1…");
}
