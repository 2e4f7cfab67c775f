import { type CompressionName, compress } from "../../codec/compression.js";
import type { Metadata, Method } from "../../contract/contract.js";
import { Code, type RpcError } from "../../errors/errors.js";
import { contentType } from "../grpc/content-type.js";
import { errorFields } from "../grpc/error-fields.js";
import { responseNotEncodable } from "../misfit.js";
import type { ResponseSink } from "../serve.js";
import { asCompressed } from "./compressed-message.js";
import type { Grpc } from "./grpc.js";
import { ResponseFields } from "./headers.js";
import type { ResolvedOptions } from "./options.js";
import type { RequestHead } from "./request-head.js";
import { prefixBytes, writeWindowBytes } from "./write-window.js";

/** The answer to one call, as it goes out: in the codec the caller asked in, compressed as agreed, no faster than it is taken. */
export class ResponseWriter implements ResponseSink {
  readonly #wire: Grpc.ServerInterceptingCallInterface;
  readonly #method: Method;
  readonly #head: RequestHead;
  readonly #options: ResolvedOptions;
  readonly #onEnd: () => void;
  #headerSent = false;
  #over = false;
  /** Written, and not yet taken by the connection. */
  #unsentBytes = 0;
  /** Lets a writer on that waits for the connection. */
  #resume: (() => void) | undefined;

  /** @param onEnd called once, when the answer is complete */
  constructor(
    wire: Grpc.ServerInterceptingCallInterface,
    method: Method,
    head: RequestHead,
    options: ResolvedOptions,
    onEnd: () => void,
  ) {
    this.#wire = wire;
    this.#method = method;
    this.#head = head;
    this.#options = options;
    this.#onEnd = onEnd;
  }

  /** Nothing more is written: the answer is complete, or nobody waits for it. */
  get over(): boolean {
    return this.#over;
  }

  /** Nobody waits for the answer: whoever writes it is let go. */
  abandon(): void {
    this.#over = true;
    this.#resume?.();
  }

  header(header: Metadata): void {
    this.#headerSent = true;
    const fields = {
      "content-type": contentType(this.#head.codec),
      "grpc-encoding": this.#head.compression ?? "identity",
    };
    this.#wire.sendMetadata(new ResponseFields(fields, header));
  }

  message(message: unknown): Promise<void> | undefined {
    if (this.#over) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = this.#head.codec.encode(this.#method.response, message);
    } catch (cause) {
      throw responseNotEncodable(this.#method, cause);
    }
    const compression = bytes.byteLength >= this.#options.compressMinBytes ? this.#head.compression : undefined;
    if (compression !== undefined) return this.#compressed(compression, bytes);
    return this.#send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  async #compressed(compression: CompressionName, bytes: Uint8Array): Promise<void> {
    const compressed = await compress(compression, bytes);
    if (!this.#over) await this.#send(asCompressed(compressed));
  }

  /** A unary answer need not wait to be written: its status follows in order anyway. */
  #send(buffer: Buffer): Promise<void> | undefined {
    if (!this.#method.responseStream) {
      this.#wire.sendMessage(buffer, ignore);
      return undefined;
    }
    const bytes = buffer.byteLength + prefixBytes;
    this.#unsentBytes += bytes;
    this.#wire.sendMessage(buffer, () => this.#sent(bytes));
    if (this.#unsentBytes < writeWindowBytes) return undefined;
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  #sent(bytes: number): void {
    this.#unsentBytes -= bytes;
    if (this.#unsentBytes < writeWindowBytes) this.#resume?.();
  }

  end(error: RpcError | undefined, trailer: Metadata): void {
    if (this.#over) return;
    const fields: { [name: string]: string } = error === undefined ? {} : { ...errorFields(error) };
    if (!this.#headerSent) fields["content-type"] = contentType(this.#head.codec);
    const status = {
      code: error?.code ?? Code.OK,
      details: (error?.message ?? "").toWellFormed(),
      metadata: new ResponseFields(fields, trailer),
    };
    this.#over = true; // not before: what cannot be written is followed by an error that can
    this.#onEnd();
    this.#wire.sendStatus(status);
  }
}

function ignore(): void {}
