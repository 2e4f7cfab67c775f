import type { Codec } from "../../../codec/codec.js";
import type { CompressionName } from "../../../codec/compression.js";
import type { Metadata, Method } from "../../../contract/contract.js";
import type { RpcError } from "../../../errors/errors.js";
import { contentType } from "../../grpc/content-type.js";
import { responseNotEncodable } from "../../misfit.js";
import { type Fields, type FieldTemplate, listBytes, noFields } from "../hpack/hpack.js";
import type { Stream } from "../stream/stream.js";
import type { ServingSettings } from "./call-settings.js";
import { pushMetadata } from "./fields.js";
import { OutgoingMessages } from "./outgoing-messages.js";
import { statusFields } from "./status-fields.js";

/** Keys of the templates that are the same for all calls. */
const okTrailer = "trailer: ok";
const anyTrailer = "trailer";

/** The answer to one call, as it goes out: in the codec the caller asked in, compressed as agreed. */
export class ResponseWriter {
  readonly #stream: Stream;
  readonly #codec: Codec;
  readonly #compression: CompressionName | undefined;
  readonly #method: Method | undefined;
  readonly #settings: ServingSettings;
  #messages: OutgoingMessages | undefined;
  #headerSent = false;
  #over = false;

  /** @param method undefined where there is none to answer for */
  constructor(
    stream: Stream,
    method: Method | undefined,
    codec: Codec,
    compression: CompressionName | undefined,
    settings: ServingSettings,
  ) {
    this.#stream = stream;
    this.#method = method;
    this.#codec = codec;
    this.#compression = compression;
    this.#settings = settings;
  }

  /** Nothing more is written: the answer is complete, or nobody waits for it. */
  get over(): boolean {
    return this.#over;
  }

  /** Nobody waits for the answer: whoever writes it is let go. */
  abandon(): void {
    this.#over = true;
    this.#messages?.writable();
  }

  writable(): void {
    this.#messages?.writable();
  }

  header(header: Metadata): void {
    if (this.#over) return;
    this.#headerSent = true;
    const fields = header.empty ? noFields : [];
    if (fields !== noFields) pushMetadata(fields as string[], header);
    this.#stream.sendHeaders(this.#headerTemplate(), fields, false);
  }

  message(message: unknown): Promise<void> | undefined {
    if (this.#over) return undefined;
    const method = this.#method as Method;
    this.#messages ??= new OutgoingMessages(
      this.#stream,
      this.#codec,
      method.response,
      this.#compression,
      this.#settings,
    );
    let written: Promise<void> | undefined;
    try {
      written = this.#messages.write(message, false);
    } catch (cause) {
      throw responseNotEncodable(method, cause);
    }
    // A unary answer that is not compressed need not wait to be written: its status follows in order anyway.
    return method.responseStream || this.#compression !== undefined ? written : undefined;
  }

  /** Fields are made before anything is said: where they cannot be, the call can still be ended with others. */
  end(error: RpcError | undefined, trailer: Metadata): void {
    if (this.#over) return;
    const { connection } = this.#stream;
    const template = this.#headerSent
      ? error === undefined
        ? connection.template(okTrailer, okFields)
        : connection.template(anyTrailer, () => noFields)
      : this.#headerTemplate();
    const fields = this.#statusFields(error, trailer, template);
    this.#over = true;
    if (this.#headerSent) this.#stream.sendTrailers(template, fields);
    else this.#stream.sendHeaders(template, fields, true);
  }

  #statusFields(error: RpcError | undefined, trailer: Metadata, template: FieldTemplate): Fields {
    if (error !== undefined) {
      return statusFields(error, trailer, this.#stream.connection.maxPeerHeaderBytes - listBytes(template.fields));
    }
    if (this.#headerSent && trailer.empty) return noFields;
    const fields = this.#headerSent ? [] : ["grpc-status", "0"];
    pushMetadata(fields, trailer);
    return fields;
  }

  #headerTemplate(): FieldTemplate {
    const compression = this.#compression;
    const key = compression === undefined ? this.#codec : `${this.#codec.name} ${compression}`;
    return this.#stream.connection.template(key, () => [
      ...[":status", "200", "content-type", contentType(this.#codec)],
      ...["grpc-encoding", compression ?? "identity", "grpc-accept-encoding", "identity,deflate,gzip"],
    ]);
  }
}

function okFields(): Fields {
  return ["grpc-status", "0"];
}
