import type { Address } from "./transport.js";

export interface ParsedAddress {
  /** `grpc`, `grpcs`, `grpc+unix`, `memory`. */
  readonly scheme: string;
  /** Without brackets; a path for unix sockets, a name in memory. */
  readonly host: string;
  /** Undefined where the scheme has none. */
  readonly port: number | undefined;
}

const shape = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<rest>.+)$/;
const hostAndPort = /^(?:\[(?<v6>[0-9a-fA-F:.%]+)\]|(?<name>[^:/[\]]+)):(?<port>\d{1,5})$/;

/** Takes an endpoint apart. @throws TypeError where it is none, saying what one looks like */
export function parseAddress(address: Address): ParsedAddress {
  const match = shape.exec(address)?.groups;
  if (match === undefined) throw malformed(address);
  const scheme = match["scheme"] as string;
  const rest = match["rest"] as string;
  if (scheme === "memory" || scheme.endsWith("+unix")) return { scheme, host: rest, port: undefined };
  const parts = hostAndPort.exec(rest)?.groups;
  const port = Number(parts?.["port"]);
  const host = parts?.["v6"] ?? parts?.["name"];
  if (host === undefined || port > 65535) throw malformed(address);
  return { scheme, host, port };
}

function malformed(address: Address): TypeError {
  return new TypeError(
    `address ${JSON.stringify(address)}: expected scheme://host:port, e.g. grpc://127.0.0.1:50051, grpc+unix:///run/x.sock or memory://orders`,
  );
}
