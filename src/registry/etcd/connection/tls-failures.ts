import { X509Certificate } from "node:crypto";
import type { ResolvedEtcdOptions } from "../options.js";

/** A handshake that failed, and what a person may do; undefined for what is none. @param text the reason as OpenSSL gives it */
export function tlsMeaning(text: string, { credentials, hosts }: ResolvedEtcdOptions): string | undefined {
  const secure = credentials !== undefined || hosts[0]?.startsWith("https://") === true;
  if (!secure) {
    // All that is to be seen of a server that speaks TLS.
    if (!/^Failed to connect$|ECONNRESET|GOAWAY/.test(text)) return undefined;
    return `it hangs up (${text}); if it speaks TLS, give https://host:port and credentials`;
  }
  if (/certificate has expired/i.test(text)) return `the certificate of etcd has expired (${text}); renew it there`;
  if (/self[- ]signed|unable to (?:verify|get)/i.test(text)) {
    return `nobody trusted here has signed the certificate of etcd (${text}); check credentials.rootCertificate`;
  }
  if (/altnames/.test(text)) return `the certificate of etcd is for another name (${text}); check hosts`;
  if (/wrong version number|before secure TLS connection/.test(text)) {
    return `it does not speak TLS (${text}); leave out https:// and credentials, or check the port`;
  }
  if (/\balert\b/.test(text)) return refused(text, credentials?.certChain);
  // A server without TLS hangs up like one that has refused a certificate, where its answer is lost on the way.
  if (!/ECONNRESET|GOAWAY/.test(text)) return undefined;
  return `${refused(text, credentials?.certChain)}; or it does not speak TLS at all: leave out https:// then`;
}

function refused(text: string, certChain: Buffer | undefined): string {
  if (certChain === undefined) {
    return `it wants to see a certificate (${text}); give credentials.certChain and credentials.privateKey`;
  }
  const { validTo } = new X509Certificate(certChain);
  if (Date.parse(validTo) < Date.now()) {
    return `it refused the client's certificate, which has expired on ${validTo} (${text}); renew credentials.certChain`;
  }
  return `it refused the client's certificate (${text}); check who has signed credentials.certChain`;
}
