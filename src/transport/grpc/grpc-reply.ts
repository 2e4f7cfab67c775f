import type { Metadata, Reply } from "../../contract/contract.js";

/** What a server sent around a message. The header is read when somebody asks, and one object from then on. */
export class GrpcReply<Fields> implements Reply {
  readonly message: unknown;
  readonly trailer: () => Metadata;
  readonly #fields: Fields;
  readonly #read: (fields: Fields) => Metadata;
  #header: Metadata | undefined;

  /** @param fields those of the header as they came, and `read` what makes metadata of them */
  constructor(message: unknown, fields: Fields, read: (fields: Fields) => Metadata, trailer: () => Metadata) {
    this.message = message;
    this.#fields = fields;
    this.#read = read;
    this.trailer = trailer;
  }

  get header(): Metadata {
    this.#header ??= this.#read(this.#fields);
    return this.#header;
  }
}
