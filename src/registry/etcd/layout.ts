import type { Instance } from "../../contract/contract.js";
import type { KeyRange } from "./api.js";

/**
 * How instances are laid out in etcd: under which keys, in which form.
 *
 * @param prefix under what keys. Default: the usual one of the layout
 * @throws TypeError for a prefix that cannot be
 */
export type EtcdLayout = (prefix?: string) => Keys;

export interface Keys {
  /** As in URLs and messages: `go-micro`. */
  readonly layout: string;
  /** Every key of one service. */
  service(service: string): KeyRange;
  /** Every key of any. */
  everything(): KeyRange;
  /** Where an instance is kept. */
  of(instance: Instance): Buffer;
  encode(instance: Instance): Buffer;
  /**
   * Who is kept under a key; some layouts keep several.
   *
   * @throws TypeError or SyntaxError for a value that says nothing of an instance, or of one that does not belong there
   */
  decode(key: string, value: Buffer): readonly Instance[];
}

/** Every key that begins so. @param prefix ends with "/", or is empty: every key there is */
export function under(prefix: string): KeyRange {
  if (prefix === "") return { key: Buffer.of(0), range_end: Buffer.of(0) };
  return { key: Buffer.from(prefix), range_end: Buffer.from(`${prefix.slice(0, -1)}0`) }; // "0" is the character after "/"
}

/** @throws TypeError for a prefix that is no text, or ends with "/" */
export function checkPrefix(prefix: string): string {
  const isText = typeof prefix === "string";
  if (isText && !prefix.endsWith("/")) return prefix;
  const wrong = `etcdRegistry: prefix is ${JSON.stringify(prefix)}`;
  throw new TypeError(`${wrong}; it must ${isText ? 'not end with "/"' : "be a text"}`);
}
