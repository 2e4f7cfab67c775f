import { X509Certificate } from "node:crypto";
import { Code, RpcError } from "../../errors/errors.js";
import { unwrap } from "./etcd3.js";
import type { ResolvedEtcdOptions } from "./options.js";

export const etcdHint = "is etcd running, and is the address right? try: etcdctl endpoint health";

/** As grpc-js begins the message of an error: `14 UNAVAILABLE: `. */
const statusWords = /^(?:\w+: )?(\d+) [A-Z_]+: /;
const clutter = /(?:^Error: |\.? ?Resolution note: ?$)/g;

/** etcd3 asks again without end where it reads the first of these, so `EtcdMember` shows it the second. */
export const refusedToken = ["invalid auth token", "the token is not valid any more"] as const;

/** Codes with which a member says that it cannot serve, or with which grpc-js says it for one. */
const unfitCodes: ReadonlySet<Code | undefined> = new Set([
  Code.UNAVAILABLE,
  Code.DEADLINE_EXCEEDED,
  Code.INTERNAL,
  Code.CANCELLED,
]);

/** Whether it was the member that failed, rather than etcd that answered: another may do better. */
export function cannotServe(reason: unknown): boolean {
  const { code, text } = read(reason);
  return unfitCodes.has(code) || text.includes("client was already closed");
}

/** Whether a new token would help. */
export function isTokenRefused(reason: unknown): boolean {
  const { text } = read(reason);
  return refusedToken.some((words) => text.includes(words)) || text.includes("revision of auth store is old");
}

/**
 * What a call to etcd failed with, naming this etcd; UNAVAILABLE where trying again may help.
 *
 * @param host the member that was asked
 */
export function toRpcError(reason: unknown, options: ResolvedEtcdOptions, host?: string): RpcError {
  if (reason instanceof RpcError) return reason;
  const { code, text } = read(reason);
  const [as, what] = meaning(code, text, options);
  const where = host !== undefined && options.hosts.length > 1 ? `${host}: ` : "";
  return new RpcError(as, `${options.name}: ${where}${what}`, { cause: unwrap(reason) });
}

function meaning(code: Code | undefined, text: string, options: ResolvedEtcdOptions): readonly [Code, string] {
  const { auth, requestTimeoutMs } = options;
  if (text.includes("requested lease not found")) return [Code.NOT_FOUND, "the lease is gone"];
  if (text.includes("invalid user ID or password")) {
    return [Code.UNAUTHENTICATED, `user "${auth?.username}" was refused; check auth.username and auth.password`];
  }
  if (text.includes("user name is empty")) {
    return [Code.UNAUTHENTICATED, "it wants to know who asks; give auth: { username, password }"];
  }
  if (code === Code.PERMISSION_DENIED) {
    return [Code.PERMISSION_DENIED, `user "${auth?.username ?? ""}" may not; grant the role readwrite on the prefix`];
  }
  if (text.includes("authentication is not enabled")) {
    return [Code.FAILED_PRECONDITION, `${text}; leave out auth, or try: etcdctl auth enable`];
  }
  if (code === Code.FAILED_PRECONDITION) return [code, text];
  if (code === Code.DEADLINE_EXCEEDED) return [Code.UNAVAILABLE, `no answer within ${requestTimeoutMs} ms`];
  return [Code.UNAVAILABLE, tlsMeaning(text, options) ?? text];
}

/** What OpenSSL says, and what a person may do. */
function tlsMeaning(text: string, options: ResolvedEtcdOptions): string | undefined {
  const { credentials, hosts } = options;
  const secure = credentials !== undefined || hosts[0]?.startsWith("https://") === true;
  if (!secure) {
    const closedOnUs = /ECONNRESET|socket hang up|GOAWAY|Protocol error|ERR_HTTP2/.test(text);
    return closedOnUs ? `${text}; if it speaks TLS, give https://host:port and credentials` : undefined;
  }
  const own = expiry(credentials?.certChain);
  if (/certificate has expired|CERT_HAS_EXPIRED/.test(text)) return `the certificate of etcd has expired (${text})`;
  if (own !== undefined) return `the client's certificate, credentials.certChain, has expired on ${own} (${text})`;
  if (/self[- ]signed|unable to (?:verify|get)|UNABLE_TO|signature failure/i.test(text)) {
    return `nobody trusted here has signed the certificate of etcd (${text}); check credentials.rootCertificate`;
  }
  if (/altnames|ALTNAME/.test(text)) return `the certificate of etcd is for another name (${text}); check hosts`;
  if (/wrong version number|packet length too long/i.test(text)) {
    return `it does not speak TLS (${text}); leave out https:// and credentials, or check the port`;
  }
  if (
    /alert (?:bad certificate|certificate required|unknown ca|number (?:42|46|48|116))|ECONNRESET|hang up|GOAWAY/i.test(
      text,
    )
  ) {
    const way = credentials?.certChain === undefined ? "give" : "check";
    return `it hung up, as it does on clients whose certificate it does not accept (${text}); ${way} credentials.certChain and credentials.privateKey`;
  }
  return undefined;
}

/** Until when a certificate was valid; undefined where it is still. */
function expiry(pem: Buffer | undefined): string | undefined {
  if (pem === undefined) return undefined;
  const { validTo } = new X509Certificate(pem);
  return Date.parse(validTo) < Date.now() ? validTo : undefined;
}

function read(wrapped: unknown): { readonly code: Code | undefined; readonly text: string } {
  const reason = unwrap(wrapped);
  const message = reason instanceof Error ? reason.message : String(reason);
  const code = reason instanceof RpcError ? reason.code : statusWords.exec(message)?.[1];
  return {
    code: code === undefined ? undefined : (Number(code) as Code),
    text: message.replace(statusWords, "").replace(clutter, ""),
  };
}
