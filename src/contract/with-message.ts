import type { Reply } from "./call.js";
import type { Metadata } from "./metadata.js";

/** The same reply with another message, or stream, in it. Header and trailer are those of the moment they are asked for. */
export function withMessage(reply: Reply, message: unknown): Reply {
  return new OtherReply(reply, message);
}

class OtherReply implements Reply {
  readonly message: unknown;
  readonly trailer: () => Metadata;
  readonly #reply: Reply;

  constructor(reply: Reply, message: unknown) {
    this.#reply = reply;
    this.message = message;
    this.trailer = () => reply.trailer();
  }

  get header(): Metadata {
    return this.#reply.header;
  }
}
