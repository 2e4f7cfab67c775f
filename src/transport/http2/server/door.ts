import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { ParsedAddress } from "../../address.js";
import { isTls } from "../../grpc/endpoint.js";
import { RunningCalls } from "../../running-calls.js";
import type { Address } from "../../transport.js";
import { warn } from "../../warn.js";
import type { ResolvedOptions } from "../options.js";
import { silenceTimer } from "../silence-timer.js";
import { greet } from "./greeting.js";
import { listenOn } from "./listen-on.js";
import type { Speech } from "./speech.js";

/** What a person or a program that speaks HTTP/1.1 to this port can make sense of. */
const answerToHttp1 = (() => {
  const text = "This port speaks gRPC, over HTTP/2 alone.\n";
  const fields = `Content-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close`;
  return `HTTP/1.1 505 HTTP Version Not Supported\r\n${fields}\r\n\r\n${text}`;
})();

/**
 * Where connections come in: through TLS where that is asked for, and no further before they have said what they speak.
 * Who takes too long for that is cut off.
 */
export class Door {
  readonly #options: ResolvedOptions;
  readonly #onHttp2: (socket: Socket) => void;
  readonly #onHttp1: ((socket: Socket) => void) | undefined;
  readonly #server: Server;
  /** As they came from the system, TLS or not, and when. */
  readonly #sockets = new Map<Socket, number>();
  /** Those that have yet to say what they speak. */
  readonly #strangers = new Set<Socket>();
  readonly #guests = new RunningCalls();
  #closed: Promise<unknown> | undefined;

  /** @param onHttp2 is given sockets that stand behind the client's preface */
  constructor(endpoint: ParsedAddress, options: ResolvedOptions, onHttp2: (socket: Socket) => void) {
    this.#options = options;
    this.#onHttp2 = onHttp2;
    this.#onHttp1 = options.onHttp1 && guarded(options.onHttp1);
    this.#server = isTls(endpoint) ? tlsServer(options) : createServer({ noDelay: true });
    if (options.maxConnections !== Number.POSITIVE_INFINITY) this.#server.maxConnections = options.maxConnections;
    this.#server.on("connection", (socket: Socket) => this.#watch(socket));
    this.#server.on(isTls(endpoint) ? "secureConnection" : "connection", (socket: Socket) => this.#admit(socket));
  }

  /** @returns the address with the port that was bound. @throws RpcError UNAVAILABLE where it cannot be had */
  async open(endpoint: ParsedAddress, address: Address): Promise<Address> {
    const bound = await listenOn(this.#server, endpoint, address, this.#options.clock);
    this.#server.on("error", () => {}); // one that could not be accepted, for want of file descriptors: others may
    return bound;
  }

  /** Nobody comes in any more; who has not said a word yet is sent away. */
  shut(): void {
    if (this.#closed !== undefined) return;
    this.#closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#strangers) socket.destroy();
  }

  /** Resolves when all who came in have gone; to be asked once, when the door is shut. */
  left(): Promise<void> {
    return this.#guests.drained();
  }

  /** Resolves when nothing of it is left. */
  async destroy(): Promise<void> {
    this.shut();
    for (const socket of this.#sockets.keys()) socket.destroy();
    await this.#closed;
  }

  #watch(socket: Socket): void {
    this.#sockets.set(socket, this.#options.clock.now());
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", ignore);
  }

  #admit(socket: Socket): void {
    socket.on("error", ignore);
    if (this.#closed !== undefined) {
      socket.destroy();
      return;
    }
    const { clock, handshakeTimeoutMs } = this.#options;
    const now = clock.now();
    const passedMs = now - (this.#sockets.get(underneath(socket)) ?? now);
    const leave = (): void => void socket.destroy();
    const timeout = silenceTimer(clock, handshakeTimeoutMs - passedMs, leave);
    const known = (): void => {
      timeout.cancel();
      this.#strangers.delete(socket);
      socket.off("end", leave);
    };
    this.#strangers.add(socket);
    socket.once("end", leave);
    socket.once("close", known);
    greet(socket, (speech) => {
      const host = speech === "http2" ? this.#onHttp2 : speech === "http1" ? this.#onHttp1 : undefined;
      if (host === undefined) {
        sendAway(socket, speech);
        return;
      }
      known();
      this.#guests.begin();
      socket.once("close", this.#guests.end);
      host(socket);
    });
  }
}

/** The socket that TLS was put over. Node has it under this name alone; without it the time for the first words begins anew. */
function underneath(socket: Socket & { readonly _parent?: Socket | null }): Socket {
  return socket._parent ?? socket;
}

function sendAway(socket: Socket, speech: Speech): void {
  if (speech === "http1") {
    socket.end(answerToHttp1);
    socket.resume(); // a socket closed over unread bytes would take the answer with it
  } else {
    socket.destroy();
  }
}

/** What an application does wrong with one connection costs it that one. */
function guarded(onHttp1: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    try {
      onHttp1(socket);
    } catch (reason) {
      socket.destroy();
      warn("onHttp1 throws; its connection is closed", reason);
    }
  };
}

function tlsServer({ tls, handshakeTimeoutMs, onHttp1 }: ResolvedOptions): Server {
  const { ca, cert, key, requireClientCert = false } = tls;
  const server = createTlsServer({
    ...(ca === undefined ? {} : { ca }),
    cert,
    key,
    requestCert: requireClientCert,
    rejectUnauthorized: requireClientCert,
    ALPNProtocols: onHttp1 === undefined ? ["h2"] : ["h2", "http/1.1"],
    handshakeTimeout: Math.min(handshakeTimeoutMs, 2 ** 31 - 1),
    noDelay: true,
  });
  // Node itself leaves those open whose time is over.
  return server.on("tlsClientError", (_error, socket) => socket.destroy());
}

function ignore(): void {}
