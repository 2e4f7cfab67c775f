import { Metadata, type MetadataValue } from "../../../contract/contract.js";
import { isReserved, readField, toBase64 } from "../../grpc/header-fields.js";
import { type Fields, type HeaderBlock, noFields } from "../hpack/hpack.js";

/** RFC 9113 §8.2.1, without the upper case it forbids. */
const legalName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const controls = /[\0\r\n]/;
const blankAtEnd = /^[ \t]|[ \t]$/;

/** What header fields say: those of a request, of a response, or of trailers. */
export class Heading {
  method: string | undefined;
  scheme: string | undefined;
  path: string | undefined;
  authority: string | undefined;
  status: string | undefined;
  contentType: string | undefined;
  contentLength: string | undefined;
  timeout: string | undefined;
  encoding: string | undefined;
  acceptEncoding: string | undefined;
  grpcStatus: string | undefined;
  grpcMessage: string | undefined;
  statusDetails: string | undefined;
  pushback: string | undefined;
  /** The application's own, name and value in turn. */
  custom: Fields = noFields;
  /** Why these cannot be the header fields of anything (RFC 9113 §8.1.1). */
  malformed: string | undefined;
  /** A field that is no pseudo-header has come: no pseudo-header may follow. */
  regular = false;
  /** For who serves calls: what it made of the fields that say how. */
  plan: unknown;
  /** Whose fields these begin with; itself where it was made of nothing else. */
  readonly base: Heading;

  constructor(known?: Heading) {
    this.base = known ?? this;
    if (known === undefined) return;
    this.method = known.method;
    this.scheme = known.scheme;
    this.path = known.path;
    this.authority = known.authority;
    this.status = known.status;
    this.contentType = known.contentType;
    this.contentLength = known.contentLength;
    this.timeout = known.timeout;
    this.encoding = known.encoding;
    this.acceptEncoding = known.acceptEncoding;
    this.grpcStatus = known.grpcStatus;
    this.grpcMessage = known.grpcMessage;
    this.statusDetails = known.statusDetails;
    this.pushback = known.pushback;
    this.custom = known.custom;
    this.malformed = known.malformed;
    this.regular = known.regular;
  }

  read(fields: Fields): void {
    let custom: string[] | undefined;
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] as string;
      const value = fields[i + 1] as string;
      if (controls.test(value))
        this.malformed ??= `the value of ${JSON.stringify(name)} has characters no field may have`;
      if (name.startsWith(":")) this.#readPseudo(name, value);
      else if (!this.#readKnown(name, value)) {
        custom ??= [...this.custom];
        custom.push(name, value);
      }
    }
    if (custom !== undefined) this.custom = custom;
  }

  #readPseudo(name: string, value: string): void {
    if (this.regular) this.malformed ??= `${name} after other fields`;
    switch (name) {
      case ":method":
        this.#checkOnce(name, this.method);
        this.method = value;
        return;
      case ":scheme":
        this.#checkOnce(name, this.scheme);
        this.scheme = value;
        return;
      case ":path":
        this.#checkOnce(name, this.path);
        this.path = value;
        return;
      case ":authority":
        this.#checkOnce(name, this.authority);
        this.authority = value;
        return;
      case ":status":
        this.#checkOnce(name, this.status);
        this.status = value;
        return;
      default:
        this.malformed ??= `${JSON.stringify(name)} is no pseudo-header`;
    }
  }

  #checkOnce(name: string, existing: string | undefined): void {
    if (existing !== undefined) this.malformed ??= `${name} twice`;
  }

  /** False where the field is the application's. */
  #readKnown(name: string, value: string): boolean {
    this.regular = true;
    switch (name) {
      case "grpc-timeout":
        this.timeout = value;
        return true;
      case "content-type":
        this.contentType = value;
        return true;
      case "grpc-status":
        this.grpcStatus = value;
        return true;
      case "grpc-message":
        this.grpcMessage = value;
        return true;
      case "grpc-encoding":
        this.encoding = value;
        return true;
      case "grpc-accept-encoding":
        this.acceptEncoding = this.acceptEncoding === undefined ? value : `${this.acceptEncoding},${value}`;
        return true;
      case "grpc-status-details-bin":
        this.statusDetails = value;
        return true;
      case "grpc-retry-pushback-ms":
        this.pushback = value;
        return true;
      case "user-agent":
        return true;
      case "te":
        if (value !== "trailers") this.malformed ??= 'te other than "trailers"';
        return true;
      case "content-length":
        this.contentLength = value;
        return true;
      case "connection":
      case "keep-alive":
      case "proxy-connection":
      case "transfer-encoding":
      case "upgrade":
        this.malformed ??= `"${name}", which belongs to HTTP/1`;
        return true;
      default:
        if (!legalName.test(name)) this.malformed ??= `${JSON.stringify(name)} is no name of a field`;
        else if (blankAtEnd.test(value)) this.malformed ??= `the value of "${name}" begins or ends with a blank`;
        return isReserved(name);
    }
  }
}

/** What fields say that came before is not read again. */
export function readHeading({ known, rest }: HeaderBlock): Heading {
  let heading = known.meaning as Heading | undefined;
  if (heading === undefined) {
    heading = new Heading();
    heading.read(known.fields);
    known.meaning = heading;
  }
  if (rest.length === 0) return heading;
  const own = new Heading(heading);
  own.read(rest);
  return own;
}

/** The application's fields; bytes are taken out of their base64 when somebody asks. */
export function metadataOf(fields: Fields): Metadata {
  if (fields.length === 0) return new Metadata();
  return Metadata.lazy(() => {
    const entries: (readonly [string, MetadataValue])[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] as string;
      const value = fields[i + 1] as string;
      if (name.endsWith("-bin")) entries.push(...readField(name, value));
      else entries.push([name, value]);
    }
    return entries;
  });
}

/** Metadata on its way out; reserved names stay behind. */
export function pushMetadata(fields: string[], metadata: Metadata): void {
  if (metadata.empty) return;
  for (const [key, value] of metadata) {
    if (!isReserved(key)) fields.push(key, typeof value === "string" ? value : toBase64(value));
  }
}
