import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { EtcdCredentials } from "../options.js";

/**
 * Whether a host speaks HTTP/2, tried on a connection of its own that is gone after. For hosts that are in doubt: what
 * grpc-js 1.14 does to them cannot be ended. A connection to a peer that is frozen waits for that to acknowledge its
 * settings, whatever is closed; one that was refused is made once more after its backoff, by nobody and for ever.
 *
 * @returns why it does not; undefined where it does
 */
export function knock(
  host: string,
  credentials: EtcdCredentials | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Error | undefined> {
  const nobody = new Error(`no answer within ${timeoutMs} ms`);
  if (signal.aborted) return Promise.resolve(nobody);
  return new Promise((resolve) => {
    const socket = open(host, credentials, () => {
      const session = connectHttp2("http://etcd", { createConnection: () => socket });
      session.on("remoteSettings", () => end());
      session.on("error", end);
    });
    const end = (refusal?: Error) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(refusal);
    };
    const giveUp = () => end(nobody);
    // Real time, as in `EtcdMember.request`.
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener("abort", giveUp);
    socket.on("error", end);
    socket.on("close", () => end(new Error("Failed to connect")));
  });
}

function open(host: string, credentials: EtcdCredentials | undefined, onOpen: () => void): Socket {
  const { hostname, port } = new URL(host.replace(/^(?:https?:\/\/)?/, "tcp://"));
  const address = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
  if (credentials === undefined && !host.startsWith("https://")) return connectTcp(address, onOpen);
  const { rootCertificate: ca, privateKey: key, certChain: cert } = credentials ?? {};
  const identity = { ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) };
  const servername = isIP(address.host) === 0 ? address.host : "";
  return connectTls({ ...address, ...identity, servername, ALPNProtocols: ["h2"] }, onOpen);
}
