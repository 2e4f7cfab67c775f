import { readFileSync } from "node:fs";
import type { TlsOptions } from "../../../src/transport/grpc-js/grpc-js.js";

function pem(name: string): Buffer {
  return readFileSync(new URL(name, import.meta.url));
}

/** The server, whose certificate is for localhost, orders.test and 127.0.0.1, and a client that trusts it. */
export const tls: TlsOptions = { ca: pem("ca.pem"), cert: pem("server.pem"), key: pem("server.key") };

/** The side of a client that shows a certificate. */
export const clientTls: TlsOptions = { ca: pem("ca.pem"), cert: pem("client.pem"), key: pem("client.key") };

/** A client that trusts the server and whom nobody trusts. */
export const strangerTls: TlsOptions = { ca: pem("ca.pem"), cert: pem("stranger.pem"), key: pem("stranger.key") };

/** A client that trusts somebody else. */
export const distrustingTls: TlsOptions = { ca: pem("stranger-ca.pem") };
