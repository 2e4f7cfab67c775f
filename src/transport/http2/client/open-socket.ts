import { connect as connectTcp, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, type TLSSocket } from "node:tls";
import type { ParsedAddress } from "../../address.js";
import { isTls } from "../../grpc/endpoint.js";
import type { TlsOptions } from "../../grpc/options.js";

export interface OpeningEvents {
  /** HTTP/2 may begin. */
  onOpen(): void;
  /** Once, where it failed: over TLS also behind `onOpen`, for in TLS 1.3 that is when a server refuses who we are. */
  onFailure(reason: string, cause: unknown): void;
}

/**
 * Opens the socket to an endpoint: TCP, where a name has several addresses by Happy Eyeballs (RFC 8305), or a unix
 * socket, and TLS where the scheme asks for it. Whoever destroys it while it opens hears no more of it.
 */
export function openSocket(endpoint: ParsedAddress, tls: TlsOptions, events: OpeningEvents): Socket {
  const { host, port } = endpoint;
  const where = port === undefined ? { path: host } : { host, port, noDelay: true, autoSelectFamily: true };
  if (!isTls(endpoint)) {
    const socket = connectTcp(where);
    const failed = (cause: Error): void => events.onFailure(reasonOf(cause), cause);
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      events.onOpen();
    });
    return socket;
  }
  const socket = connectTls({ ...where, ...identity(endpoint, tls), ALPNProtocols: ["h2"] });
  const failed = (cause: Error): void => events.onFailure(tlsReasonOf(cause), cause);
  socket.once("error", failed);
  socket.once("secureConnect", () => {
    socket.setNoDelay(true); // `tls.connect()` hands no such option on
    if (socket.alpnProtocol === "h2") events.onOpen();
    else refuse(socket, events);
  });
  return socket;
}

/** What says who the server has to be, and who we are. A unix socket has no name: its server is `localhost`. */
function identity({ host, port }: ParsedAddress, { ca, cert, key, serverName }: TlsOptions): object {
  const expected = serverName ?? (port === undefined ? "localhost" : host);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert, key }),
    servername: isIP(expected) === 0 ? expected : "", // RFC 6066: an IP address is no server name
    checkServerIdentity: (_: string, peer: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(expected, peer),
  };
}

/** RFC 9113 §3.3: without ALPN nobody knows what the other side would make of our bytes. */
function refuse(socket: TLSSocket, events: OpeningEvents): void {
  socket.on("error", () => {});
  socket.destroy();
  events.onFailure(noHttp2, undefined);
}

const noHttp2 = "TLS: the server offers no HTTP/2 (ALPN h2)";
const noCertificate = "TLS: the server asks for a certificate; give tls: { cert, key }";

function tlsReasonOf(cause: Error & { readonly code?: string; readonly reason?: string }): string {
  if (cause.code === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL") return noHttp2;
  if (cause.code === "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED") return noCertificate;
  if (cause.code === "ERR_SSL_WRONG_VERSION_NUMBER") return "TLS: the server does not speak it (wrong version number)";
  if ("syscall" in cause || "errors" in cause) return reasonOf(cause);
  return `TLS: ${cause.reason ?? cause.message}`;
}

/** Where several addresses were tried, what became of each. */
export function reasonOf(cause: Error): string {
  if (cause instanceof AggregateError) return cause.errors.map(({ message }: Error) => message).join("; ");
  return cause.message;
}
