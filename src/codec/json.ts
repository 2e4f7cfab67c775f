import type { MessageType } from "../contract/contract.js";
import { Code, RpcError } from "../errors/errors.js";
import type { Codec } from "./codec.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * proto3 JSON (https://protobuf.dev/programming-guides/json/), for callers that have no protobuf: `application/grpc+json`.
 * As ts-proto has it: a `Duration` is `{ "seconds": "3", "nanos": 0 }`, not `"3s"`, and an `Any` is its two fields.
 */
export const jsonCodec: Codec = {
  name: "json",
  encode: (type, message) => encoder.encode(JSON.stringify(type.toJSON(type.fromPartial(message)))),
  decode: (type, bytes) => {
    try {
      return parse(type, bytes);
    } catch (cause) {
      const message = `not the JSON of ${type.$type ?? "the message"}: ${(cause as Error).message}`;
      throw new RpcError(Code.INVALID_ARGUMENT, message, { cause });
    }
  },
};

function parse(type: MessageType, bytes: Uint8Array): unknown {
  const json: unknown = JSON.parse(decoder.decode(bytes));
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new TypeError("expected an object");
  const message = type.fromJSON(json);
  type.encode(message); // generated fromJSON lets a number out of range pass; encode does not
  return message;
}
