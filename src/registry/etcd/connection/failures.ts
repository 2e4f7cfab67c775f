import { Code, RpcError } from "../../../errors/errors.js";
import type { ResolvedEtcdOptions } from "../options.js";
import { unwrap } from "./etcd3.js";
import { tlsMeaning } from "./tls-failures.js";

export const etcdHint = "is etcd running, and is the address right? try: etcdctl endpoint health";

/** As grpc-js begins the message of an error: `14 UNAVAILABLE: `. */
const statusWords = /^(?:\w+: )?(\d+) [A-Z_]+: /;
/** What grpc-js puts around the reason, and then the time. */
const grpcWords = /^No connection established\. Last error: |(?: \([\dT:.-]+Z\))?\.? Resolution note: ?$/g;
/** What OpenSSL puts around `sslv3 alert bad certificate`. */
const openSslWords = /^[0-9A-F]+:error:[0-9A-F]+:SSL routines:\w*:([^:]+):[\s\S]*$/;

/** How etcd says that a request is too long, and how the server beneath it does; our own end says it with a capital. */
const refusedLength = /request is too large|^grpc: received message larger/;

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

/** Whether somebody has ended the call, on whichever side. */
export function isCancelled(reason: unknown): boolean {
  return read(reason).code === Code.CANCELLED;
}

/** Whether a leader was elected while the member carried out the request: there is one to ask now. */
export function isElected(reason: unknown): boolean {
  return read(reason).text.includes("leader changed");
}

/** Whether what is to come, or to go, is longer than a message may be. */
export function isTooLarge(reason: unknown): boolean {
  return read(reason).text.includes("message larger than max");
}

/** Whether a new token would help. */
export function isTokenRefused(reason: unknown): boolean {
  const { text } = read(reason);
  return refusedToken.some((words) => text.includes(words)) || text.includes("revision of auth store is old");
}

/** Who was asked, and how long it had. */
export interface Asked {
  readonly host?: string | undefined;
  /** Default: as every request. */
  readonly timeoutMs?: number | undefined;
}

/** What a call to etcd failed with, naming this etcd; UNAVAILABLE where trying again may help. */
export function toRpcError(reason: unknown, options: ResolvedEtcdOptions, asked: Asked = {}): RpcError {
  if (reason instanceof RpcError) return reason;
  const { host, timeoutMs = options.requestTimeoutMs } = asked;
  const { code, text } = read(reason);
  const [as, what] =
    code === Code.DEADLINE_EXCEEDED
      ? [Code.UNAVAILABLE, `no answer within ${Math.round(timeoutMs)} ms`]
      : meaning(code, text, options);
  const where = host !== undefined && options.hosts.length > 1 ? `${host}: ` : "";
  return new RpcError(as, `${options.name}: ${where}${what}`, { cause: unwrap(reason) });
}

function meaning(code: Code | undefined, text: string, options: ResolvedEtcdOptions): readonly [Code, string] {
  const { auth } = options;
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
  if (refusedLength.test(text)) {
    return [Code.INVALID_ARGUMENT, "what is to be written is longer than etcd takes (--max-request-bytes, 1.5 MiB)"];
  }
  if (code === Code.FAILED_PRECONDITION) return [code, text];
  return [Code.UNAVAILABLE, tlsMeaning(text, options) ?? text];
}

function read(wrapped: unknown): { readonly code: Code | undefined; readonly text: string } {
  const reason = unwrap(wrapped);
  const message = reason instanceof Error ? reason.message : String(reason);
  const code = reason instanceof RpcError ? reason.code : statusWords.exec(message)?.[1];
  const text = message.replace(statusWords, "").replace(grpcWords, "").replace(openSslWords, "$1");
  return { code: code === undefined ? undefined : (Number(code) as Code), text: text.replace(/^Error: /, "") };
}
