import type { Attributes } from "@opentelemetry/api";
import { Attribute } from "./names.js";

const hostAndPort = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:\[(?<v6>[^\]]+)\]|(?<name>[^:/[\]]+)):(?<port>\d{1,5})$/;
const pathOrName = /^(?:[a-z][a-z0-9.-]*\+unix|memory):\/\/(?<rest>.+)$/;

/**
 * Takes `grpc://10.0.0.7:50051`, `[::1]:50051`, `grpc+unix:///run/x.sock`, `memory://orders` or the bare name of a
 * service apart. Whatever it does not know stays whole and without a port, as the conventions for gRPC ask.
 */
function split(address: string): { readonly host: string; readonly port: number | undefined } {
  const parts = hostAndPort.exec(address)?.groups;
  if (parts !== undefined) return { host: (parts["v6"] ?? parts["name"]) as string, port: Number(parts["port"]) };
  return { host: pathOrName.exec(address)?.groups?.["rest"] ?? address, port: undefined };
}

/** Whom a client means to call: the same for every instance behind it. */
export function serverAttributes(target: string): Attributes {
  const { host, port } = split(target);
  return port === undefined
    ? { [Attribute.SERVER_ADDRESS]: host }
    : { [Attribute.SERVER_ADDRESS]: host, [Attribute.SERVER_PORT]: port };
}

/** Who is really at the other end of the connection. */
export function peerAttributes(address: string): Attributes {
  const { host, port } = split(address);
  return port === undefined
    ? { [Attribute.PEER_ADDRESS]: host }
    : { [Attribute.PEER_ADDRESS]: host, [Attribute.PEER_PORT]: port };
}
