import type { Instance } from "../../contract/contract.js";
import { fromMessage, InstanceMessage, toMessage } from "../instance-message.js";

/** One string of a TXT record, its length byte not counted. */
const longestString = 255;
/** The most that the strings of a record are joined from: whoever says more is no instance. */
const longestText = 64 * 1024;

/** The instance as proto3 JSON, in as many strings as it takes: `i0={"id":"orders-1",…`, `i1=…`. */
export function toTxt(instance: Instance): readonly Buffer[] {
  const json = Buffer.from(JSON.stringify(InstanceMessage.toJSON(toMessage(instance))));
  const strings = [Buffer.from("txtvers=1")];
  for (let at = 0, index = 0; at < json.length; index++) {
    const key = Buffer.from(`i${index}=`);
    const part = json.subarray(at, at + longestString - key.length);
    strings.push(Buffer.concat([key, part]));
    at += part.length;
  }
  return strings;
}

/** @throws TypeError or SyntaxError where the strings say no instance */
export function fromTxt(strings: readonly Buffer[]): Instance {
  const parts = new Map<string, Buffer>();
  for (const string of strings) {
    const split = string.indexOf("=");
    const key = string.subarray(0, Math.max(split, 0)).toString("latin1");
    if (!parts.has(key)) parts.set(key, string.subarray(split + 1)); // the first counts (RFC 6763 §6.4)
  }
  const json: Buffer[] = [];
  for (let index = 0, part = parts.get("i0"); part !== undefined; part = parts.get(`i${++index}`)) json.push(part);
  const text = Buffer.concat(json);
  if (text.length === 0 || text.length > longestText) throw new TypeError("its TXT record holds no instance");
  return fromMessage(InstanceMessage.fromJSON(JSON.parse(text.toString())));
}
