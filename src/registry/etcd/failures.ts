import { Code, RpcError } from "../../errors/errors.js";
import type { Etcd3Module } from "./etcd3.js";
import type { ResolvedEtcdOptions } from "./options.js";

export const etcdHint = "is etcd running, and is the address right? try: etcdctl endpoint health";

/** What grpc-js puts around the reason. */
const grpcWords = /^(?:Error: )?\d+ [A-Z_]+: |\.? ?Resolution note: ?$/g;

/** What a call to etcd failed with, naming this etcd; UNAVAILABLE where trying again may help. */
export function toRpcError(reason: unknown, options: ResolvedEtcdOptions, etcd3: Etcd3Module | undefined): RpcError {
  if (reason instanceof RpcError) return reason;
  const { name, auth, requestTimeoutMs } = options;
  const say = (code: Code, what: string) => new RpcError(code, `${name}: ${what}`, { cause: reason });
  const text = (reason instanceof Error ? reason.message : String(reason)).replace(grpcWords, "");
  if (etcd3 !== undefined) {
    if (reason instanceof etcd3.EtcdLeaseInvalidError) return say(Code.NOT_FOUND, "the lease is gone");
    if (reason instanceof etcd3.EtcdAuthenticationFailedError) {
      return say(Code.UNAUTHENTICATED, `user "${auth?.username}" was refused; check auth.username and auth.password`);
    }
    if (reason instanceof etcd3.EtcdPermissionDeniedError) {
      return say(
        Code.PERMISSION_DENIED,
        `user "${auth?.username ?? ""}" may not; grant the role readwrite on the prefix`,
      );
    }
    if (text.includes("user name is empty")) {
      return say(Code.UNAUTHENTICATED, "it wants to know who asks; give auth: { username, password }");
    }
    if (reason instanceof etcd3.GRPCFailedPreconditionError) return say(Code.FAILED_PRECONDITION, text);
    if (reason instanceof etcd3.GRPCDeadlineExceededError) {
      return say(Code.UNAVAILABLE, `no answer within ${requestTimeoutMs} ms`);
    }
  }
  return say(Code.UNAVAILABLE, text);
}
