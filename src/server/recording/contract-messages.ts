import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  type JsonValue,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Method, ServiceDefinition } from "../../contract/contract.js";
import type { FieldPath } from "./field-path.js";
import { Redaction } from "./redaction.js";

/** A message as it may be written down. */
export interface RedactedMessage {
  readonly json: JsonValue;
  /** The fields that were hidden in it. */
  readonly redacted: readonly string[];
}

/** @param path where the message stands. @throws Error where the bytes are no such message, or hold an `Any` of an unknown type */
export type ReadMessage = (bytes: Uint8Array, path: FieldPath) => RedactedMessage;

/** Reads the messages of one method out of their bytes, without what the contract hides. */
export interface MethodMessages {
  readonly request: ReadMessage;
  readonly response: ReadMessage;
}

/** What the descriptors of one contract tell of its messages. */
export class ContractMessages {
  readonly #contract: string;
  readonly #types: FileRegistry;
  readonly #redaction: Redaction;

  /** @throws Error where the contract has no descriptors, or they cannot be read: nobody knows then what is to be hidden */
  constructor({ fullName, descriptors }: ServiceDefinition) {
    if (descriptors === undefined) {
      throw new Error(`${fullName} has no descriptors that tell what to redact; generate it with protoc-gen-hawser`);
    }
    this.#contract = fullName;
    this.#types = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64")));
    this.#redaction = new Redaction(this.#types);
  }

  /** @throws Error where the descriptors do not have the method */
  method({ name }: Method): MethodMessages {
    const method = this.#types.getService(this.#contract)?.methods.find((each) => each.name === name);
    if (method === undefined) throw new Error(`the descriptors of ${this.#contract} have no method ${name}`);
    return { request: this.#reader(method.input), response: this.#reader(method.output) };
  }

  #reader(type: DescMessage): ReadMessage {
    return (bytes, path) => {
      const json = toJson(type, fromBinary(type, bytes), { registry: this.#types });
      return { json, redacted: this.#redaction.apply(type, json, path) };
    };
  }
}
