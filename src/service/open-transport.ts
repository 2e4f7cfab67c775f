import { http2Transport } from "../transport/http2/http2.js";
import type { Transport } from "../transport/transport.js";
import { grpcJsTransport } from "./grpc-js-transport.js";

export type TransportName = "http2" | "grpc-js";

/** What goes wherever nobody names another. */
export const defaultTransportName: TransportName = "http2";

const transports: { readonly [Name in TransportName]: () => Transport } = {
  http2: http2Transport,
  "grpc-js": grpcJsTransport,
};

/**
 * Opens a transport by its name, as an operator writes it into `HAWSER_TRANSPORT`, with its defaults:
 *
 * - `http2`: gRPC by an engine of our own;
 * - `grpc-js`: gRPC by `@grpc/grpc-js`, which has to be installed for it.
 *
 * On the wire they are the same: a system may be of either, or of both.
 *
 * @throws TypeError for a name that is neither
 */
export function openTransport(name: TransportName): Transport {
  return open("transport", name);
}

/** The one that `HAWSER_TRANSPORT` names. Default: `defaultTransportName`. @throws TypeError where it names none */
export function defaultTransport(env: { readonly [name: string]: string | undefined } = process.env): Transport {
  return open("HAWSER_TRANSPORT", env["HAWSER_TRANSPORT"] || defaultTransportName);
}

function open(what: string, name: string): Transport {
  if (Object.hasOwn(transports, name)) return transports[name as TransportName]();
  throw new TypeError(`${what}: expected ${Object.keys(transports).join(" or ")}, was ${JSON.stringify(name)}`);
}
