import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from "node:http2";

/** One gRPC message as it stands on the wire. */
export interface RawMessage {
  readonly compressed: boolean;
  readonly bytes: Buffer;
}

/** What came back of one call. */
export interface RawAnswer {
  readonly header: IncomingHttpHeaders;
  /** Those of an answer without messages are its header. */
  readonly trailer: IncomingHttpHeaders;
  readonly messages: readonly RawMessage[];
  /** How the stream was reset; 0 where it was not. */
  readonly resetCode: number;
  readonly status: number;
  readonly message: string;
}

/** A message with its prefix; flag and length may lie. */
export function frame(bytes: Uint8Array | string, flag = 0, length: number = bytes.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, Buffer.from(bytes as Uint8Array)]);
}

/** Messages out of bytes; what does not make up a whole one is left out. */
export function messagesOf(body: Buffer): readonly RawMessage[] {
  const messages: RawMessage[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (end > body.length) break;
    messages.push({ compressed: body.readUInt8(at) === 1, bytes: body.subarray(at + 5, end) });
    at = end;
  }
  return messages;
}

/** A client that says on one HTTP/2 connection whatever it is told to. */
export class RawClient implements AsyncDisposable {
  readonly #session: ClientHttp2Session;

  /** @param address `grpc://127.0.0.1:port` */
  constructor(address: string) {
    this.#session = connect(address.replace(/^grpc:/, "http:"));
    this.#session.on("error", () => {});
  }

  get open(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Begins a call; fields given here come before those of a decent client, and undefined takes one away. */
  begin(
    path: string,
    fields: { readonly [name: string]: string | readonly string[] | undefined } = {},
  ): ClientHttp2Stream {
    const headers: { [name: string]: unknown } = {
      ":method": "POST",
      ":path": path,
      te: "trailers",
      "content-type": "application/grpc",
      ...fields,
    };
    for (const name of Object.keys(headers)) if (headers[name] === undefined) delete headers[name];
    return this.#session.request(headers as OutgoingHttpHeaders, { endStream: false });
  }

  /** One whole call. @param body what is sent before the end of the stream */
  async call(
    path: string,
    body: Buffer | readonly Buffer[] = [],
    fields: { readonly [name: string]: string | readonly string[] | undefined } = {},
  ): Promise<RawAnswer> {
    const stream = this.begin(path, fields);
    const answer = answerOf(stream);
    for (const part of Array.isArray(body) ? body : [body]) stream.write(part);
    stream.end();
    return answer;
  }

  async close(): Promise<void> {
    this.#session.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Reads a stream until it is closed. */
export function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let header: IncomingHttpHeaders = {};
    let trailer: IncomingHttpHeaders | undefined;
    const body: Buffer[] = [];
    stream.on("response", (fields) => {
      header = fields;
    });
    stream.on("trailers", (fields) => {
      trailer = fields;
    });
    stream.on("data", (bytes: Buffer) => body.push(bytes));
    stream.on("error", () => {});
    stream.on("close", () => {
      const last = trailer ?? header;
      resolve({
        header,
        trailer: last,
        messages: messagesOf(Buffer.concat(body)),
        resetCode: stream.rstCode ?? 0,
        status: Number(last["grpc-status"] ?? Number.NaN),
        message: decodeURIComponent(String(last["grpc-message"] ?? "")),
      });
    });
  });
}

/** What a server does with a call. */
export type RawAnswerer = (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => void;

/** A server on node:http2 that answers each call as it is told to. */
export class RawServer implements AsyncDisposable {
  readonly #server: Http2Server;
  readonly #scheme: "grpc" | "grpcs";
  readonly #sessions = new Set<{ destroy(): void }>();

  private constructor(answer: RawAnswerer, options: SecureServerOptions) {
    const secure = options.cert !== undefined;
    this.#scheme = secure ? "grpcs" : "grpc";
    this.#server = secure ? createSecureServer(options) : createServer(options);
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
      session.on("error", () => {});
    });
    this.#server.on("stream", (stream, fields) => {
      stream.on("error", () => {});
      answer(stream, fields);
    });
  }

  /** Listens on 127.0.0.1. @param options with `cert` and `key` it speaks TLS */
  static async start(answer: RawAnswerer, options: SecureServerOptions = {}): Promise<RawServer> {
    const server = new RawServer(answer, options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get address(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
