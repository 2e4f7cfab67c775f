import type { Metadata, Reply } from "../../contract/contract.js";

/** Who has received what a server sent after its last message. */
export interface TrailerSource {
  trailer(): Metadata;
}

/** What a server sent around a message. The header is read when somebody asks, and one object from then on. */
export class GrpcReply<Fields> implements Reply {
  readonly message: unknown;
  readonly #fields: Fields;
  readonly #read: (fields: Fields) => Metadata;
  readonly #source: TrailerSource;
  #header: Metadata | undefined;

  /** @param fields those of the header as they came, and `read` what makes metadata of them */
  constructor(message: unknown, fields: Fields, read: (fields: Fields) => Metadata, source: TrailerSource) {
    this.message = message;
    this.#fields = fields;
    this.#read = read;
    this.#source = source;
  }

  get header(): Metadata {
    this.#header ??= this.#read(this.#fields);
    return this.#header;
  }

  readonly trailer = (): Metadata => this.#source.trailer();
}
