import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from "node:http2";
import { Code } from "../../../src/errors/errors.js";
import { type Message, messagesFrom, write } from "./messages.js";
import { failed, type Status, statusOfReset } from "./status.js";

export interface CallOptions {
  readonly fields?: OutgoingHttpHeaders;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onHeader?: ((header: IncomingHttpHeaders) => void) | undefined;
  readonly onTrailer?: ((trailer: IncomingHttpHeaders) => void) | undefined;
}

/** gRPC straight on node:http2, as short as it can be said; all four call shapes are one. */
export class NodeHttp2Client {
  readonly #session: ClientHttp2Session;

  /**
   * @param address `grpc://127.0.0.1:port` or `grpcs://…`
   * @param options.ca who has signed the server's certificate
   */
  constructor(address: string, options: SecureClientSessionOptions = {}) {
    this.#session = connect(address.replace(/^grpc/, "http"), options);
    this.#session.on("error", () => {});
  }

  /** The responses, as they come. @throws Error with the `code` and the `message` of a status that is not OK */
  async *call(path: string, requests: AsyncIterable<Message>, options: CallOptions = {}): AsyncGenerator<Message> {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-encoding": "gzip",
      "grpc-accept-encoding": "gzip",
      ...(options.timeoutMs === undefined ? {} : { "grpc-timeout": `${options.timeoutMs}m` }),
      ...options.fields,
    });
    const status = statusAtEnd(stream, options);
    void send(requests, stream);
    try {
      yield* messagesFrom(stream);
    } catch {
      // The status says why.
    } finally {
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_CANCEL);
    }
    const ended = await status;
    if (ended.code !== Code.OK) throw failed(ended);
  }

  async close(): Promise<void> {
    if (this.#session.closed) return;
    await new Promise<void>((resolve) => this.#session.close(resolve));
  }
}

async function send(requests: AsyncIterable<Message>, stream: ClientHttp2Stream): Promise<void> {
  for await (const request of requests) {
    if (!stream.writable) return;
    await write(request, stream);
  }
  stream.end();
}

/** What the server says, or the first of what the caller does: a deadline, a signal. */
function statusAtEnd(stream: ClientHttp2Stream, options: CallOptions): Promise<Status> {
  return new Promise((resolve) => {
    const giveUp = (status: Status) => {
      resolve(status);
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(giveUp, options.timeoutMs, { code: Code.DEADLINE_EXCEEDED, message: "the deadline passed" });
    const abort = () => giveUp({ code: Code.CANCELLED, message: "cancelled by the caller" });
    options.signal?.addEventListener("abort", abort);
    let last: IncomingHttpHeaders = {};
    stream.on("response", (header) => {
      last = header;
      options.onHeader?.(header);
    });
    stream.on("trailers", (trailer) => {
      last = trailer;
    });
    stream.on("error", () => {});
    stream.on("close", () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
      options.onTrailer?.(last);
      const code = last["grpc-status"];
      if (code === undefined) resolve(statusOfReset(stream.rstCode ?? 0));
      else resolve({ code: Number(code), message: decodeURIComponent(String(last["grpc-message"] ?? "")) });
    });
  });
}
