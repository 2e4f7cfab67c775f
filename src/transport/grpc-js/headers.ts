import type { OutgoingHttpHeaders } from "node:http2";
import { Metadata, type MetadataValue } from "../../contract/contract.js";
import { isReserved, readField, writeFields } from "../grpc/header-fields.js";
import { type Grpc, grpc } from "./grpc.js";

/**
 * Metadata on its way out, in the shape grpc-js carries it: made once for one call, so it need not be copied, checked or
 * kept as a map on the way to the wire.
 */
abstract class OutgoingFields extends grpc.Metadata {
  override clone(): Grpc.Metadata {
    return this;
  }

  override get(): Grpc.MetadataValue[] {
    return [];
  }

  override add(): void {}

  override remove(): void {}
}

/** What a request's header fields are made of, at the moment they are written. */
export interface RequestFields {
  readonly metadata: Metadata;
  readonly contentType: string;
  /** `grpc-timeout` */
  readonly timeout: string | undefined;
}

/** The call the header fields are of. */
export interface HeaderSource {
  /** Called when the call is written to a connection: grpc-js asks for the fields at that moment. */
  send(): RequestFields;
}

/** What a client sends first. */
export class RequestHeaders extends OutgoingFields {
  readonly #call: HeaderSource;
  #encoding: string | undefined;

  constructor(call: HeaderSource) {
    super();
    this.#call = call;
  }

  override set(key: string, value: Grpc.MetadataValue): void {
    if (key === "grpc-encoding") this.#encoding = value as string;
  }

  override toHttp2Headers(): OutgoingHttpHeaders {
    const { metadata, contentType, timeout } = this.#call.send();
    const fields: OutgoingHttpHeaders = { "grpc-accept-encoding": "identity,deflate,gzip" };
    if (timeout !== undefined) fields["grpc-timeout"] = timeout;
    if (this.#encoding !== undefined) fields["grpc-encoding"] = this.#encoding;
    writeFields(metadata, fields);
    if (contentType !== "application/grpc") keep(fields, "content-type", contentType);
    return fields;
  }
}

/** What a server sends before its messages, or after them. */
export class ResponseFields extends OutgoingFields {
  readonly #fields: OutgoingHttpHeaders;

  constructor(fields: OutgoingHttpHeaders, metadata: Metadata) {
    super();
    this.#fields = fields;
    writeFields(metadata, fields);
  }

  override toHttp2Headers(): OutgoingHttpHeaders {
    return this.#fields;
  }
}

/** grpc-js writes `application/grpc` over whatever is there: this field stays what it is. */
function keep(fields: OutgoingHttpHeaders, name: string, value: string): void {
  Object.defineProperty(fields, name, { enumerable: true, get: () => value, set: () => {} });
}

/** What a client received. */
export function fromGrpcMetadata(source: Grpc.Metadata): Metadata {
  return Metadata.lazy(function* () {
    const fields = source.toHttp2Headers();
    for (const name of Object.keys(fields)) {
      if (isReserved(name)) continue;
      const value = fields[name];
      for (const text of Array.isArray(value) ? value : [String(value)]) yield* readField(name, text);
    }
  });
}

/** What a server received: names and values in turn, as node:http2 has them. */
export function fromRawHeaders(raw: readonly string[]): Metadata {
  return Metadata.lazy(() => {
    const entries: (readonly [string, MetadataValue])[] = [];
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] as string;
      if (isReserved(name)) continue;
      if (name.endsWith("-bin")) entries.push(...readField(name, raw[i + 1] as string));
      else entries.push([name, raw[i + 1] as string]);
    }
    return entries;
  });
}
