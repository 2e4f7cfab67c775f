import { connect } from "node:http2";
import type { EtcdCredentials } from "./options.js";

/**
 * Whether a host says anything at all within `timeoutMs`, be it that it refuses, to a new connection that is gone after.
 * A connection of grpc-js to one that says nothing, because it is frozen, cannot be ended before it does: its session
 * waits to hear that its settings have arrived, whatever is closed (grpc-js 1.14, node 20).
 */
export function knock(
  host: string,
  credentials: EtcdCredentials | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const isSecure = credentials !== undefined || host.startsWith("https://");
    const address = host.replace(/^https?:\/\//, "");
    const session = connect(`${isSecure ? "https" : "http"}://${address}`, {
      ...(credentials?.rootCertificate && { ca: credentials.rootCertificate }),
      ...(credentials?.privateKey && { key: credentials.privateKey }),
      ...(credentials?.certChain && { cert: credentials.certChain }),
    });
    const end = (answered: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      session.destroy();
      resolve(answered);
    };
    const giveUp = () => end(false);
    // Real time, as in `EtcdMember.request`.
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener("abort", giveUp);
    session.on("remoteSettings", () => end(true));
    session.on("error", () => end(true));
    session.on("close", () => end(true));
  });
}
