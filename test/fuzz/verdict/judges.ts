import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { ServerConnection } from "../../../src/transport/http2/connection/server-connection.js";
import { Http2Code } from "../../../src/transport/http2/errors.js";
import { readHeading } from "../../../src/transport/http2/grpc/fields.js";
import { requestFault, trailersFault } from "../../../src/transport/http2/grpc/heading-faults.js";
import { connectionOptions, resolveOptions } from "../../../src/transport/http2/options.js";
import { greet } from "../../../src/transport/http2/server/greeting.js";
import type { Stream, StreamHandler } from "../../../src/transport/http2/stream/stream.js";
import { preface } from "../../support/http2/constants.js";
import { ping } from "../../support/http2/frames.js";
import { turns } from "../exchange/turns.js";
import type { Input } from "../input.js";
import { Requests, readAnswers, type Verdict, verdictOf } from "./verdict.js";

/** Whoever is asked for a sign of life and gives none for so long, in ms, is stuck. */
const silenceMs = 30_000;

/** What a server was sent over a connection that stands open as yet. */
export interface Hearing {
  /** What the server made of it so far; it may tell of more in its own time. */
  verdict(): Verdict;
  close(): void;
}

/** A server that hears requests out, answers none of them, and can be asked what it heard. */
export class Judge {
  readonly #name: string;
  readonly #server: Server;
  /** By the port of the client. */
  readonly #heard: Map<number, Requests>;
  readonly #sockets = new Set<Socket>();

  private constructor(name: string, server: Server, heard: Map<number, Requests>) {
    this.#name = name;
    this.#server = server;
    this.#heard = heard;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(name: string, open: (heard: Map<number, Requests>) => Server): Promise<Judge> {
    const heard = new Map<number, Requests>();
    const server = open(heard);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Judge(name, server, heard);
  }

  /** Resolves once the server has read all of it, or has ended the connection. @throws Error where it does neither */
  async hear(input: Input): Promise<Hearing> {
    const { port } = this.#server.address() as AddressInfo;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const received: Buffer[] = [];
    const lastPing = "the last";
    const read = () => readAnswers(Buffer.concat(received), Buffer.from(lastPing));
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(silenceMs, () => {
        socket.destroy();
        reject(new Error(`${this.#name} is silent, over a connection that stands`));
      });
      socket.on("connect", () => void say(socket, [preface, ...input, ping(lastPing)]));
      socket.on("data", (bytes) => {
        received.push(bytes);
        const { pinged, goaway } = read();
        if (pinged || goaway !== undefined) resolve();
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve());
    });
    socket.setTimeout(0);
    await turns(3);
    const local = socket.localPort ?? 0;
    return {
      verdict: () => verdictOf(this.#heard.get(local) ?? new Requests(), read()),
      close: () => {
        socket.destroy();
        this.#heard.delete(local);
      },
    };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

async function say(socket: Socket, pieces: Input): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    if (typeof piece === "string") await turns(1);
    else socket.write(piece);
  }
}

/** Our engine, with what it asks of any request. */
export function ours(): Promise<Judge> {
  const options = connectionOptions(resolveOptions({ keepaliveTimeoutMs: 60_000, minPingIntervalMs: 0 }));
  return Judge.start("our server", (heard) =>
    createServer({ noDelay: true }, (socket) => {
      const requests = new Requests();
      heard.set(socket.remotePort ?? 0, requests);
      socket.on("error", () => {});
      greet(socket, (speech) => {
        if (speech !== "http2") socket.destroy();
        else {
          const onStream = (stream: Stream): StreamHandler => listenTo(stream, requests);
          new ServerConnection(socket, options, { onStream, onClosed: () => {} });
        }
      });
    }),
  );
}

function listenTo(stream: Stream, requests: Requests): StreamHandler {
  let begun = false;
  return {
    onHeaders(block, endStream) {
      const heading = readHeading(block);
      const fault = begun ? trailersFault(heading) : requestFault(heading, block.tooLarge);
      if (fault !== undefined) stream.fail(Http2Code.PROTOCOL_ERROR, fault);
      else if (begun) requests.end(stream.id);
      else requests.begin(stream.id, [...block.known.fields, ...block.rest], endStream);
      begun = true;
    },
    onData(bytes, start, end) {
      requests.data(stream.id, bytes.subarray(start, end));
      stream.credit(end - start);
    },
    onEnd: () => requests.end(stream.id),
    onClosed: () => stream.release(),
    onWritable: () => {},
  };
}

/** nghttp2, as Node has it. */
export function theirs(): Promise<Judge> {
  return Judge.start("node:http2", (heard) => {
    const settings = { initialWindowSize: 2 ** 20, maxFrameSize: 64 * 1024, maxConcurrentStreams: 1000 };
    const server = createHttp2Server({ settings, maxSessionInvalidFrames: 10_000, maxHeaderListPairs: 1000 });
    server.on("connection", (socket: Socket) => heard.set(socket.remotePort ?? 0, new Requests()));
    server.on("session", (session) => session.on("error", () => {}));
    server.on("sessionError", () => {});
    server.on("stream", (stream: ServerHttp2Stream, _headers, flags: number, raw: readonly string[] = []) => {
      const requests = heard.get(stream.session?.socket?.remotePort ?? 0);
      const id = stream.id ?? 0;
      requests?.begin(id, raw, (flags & 1) !== 0);
      stream.on("error", () => {});
      stream.on("data", (bytes: Buffer) => requests?.data(id, bytes));
      stream.on("end", () => {
        if (!stream.aborted && !stream.destroyed) requests?.end(id);
      });
    });
    return server as unknown as Server;
  });
}
