import type { Metadata, Reply } from "../../../contract/contract.js";
import type { Fields } from "../hpack/hpack.js";
import { metadataOf } from "./fields.js";

/** What a server sent around a message. Read when somebody asks, and one object from then on. */
export class Http2Reply implements Reply {
  readonly message: unknown;
  readonly trailer: () => Metadata;
  readonly #fields: Fields;
  #header: Metadata | undefined;

  constructor(message: unknown, header: Fields, trailer: () => Metadata) {
    this.message = message;
    this.#fields = header;
    this.trailer = trailer;
  }

  get header(): Metadata {
    this.#header ??= metadataOf(this.#fields);
    return this.#header;
  }
}
