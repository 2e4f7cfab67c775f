import { Code, RpcError } from "../../errors/errors.js";
import type { ResolvedZooKeeperOptions } from "./options.js";
import { errorCode, hasCode } from "./wire/protocol.js";

export const zookeeperHint =
  "is ZooKeeper running, and is the address right? try: echo srvr | nc <host> <port>, or zkCli.sh";

/** What ZooKeeper refused or why it was not reached, naming it; UNAVAILABLE where trying again may help. */
export function toRpcError(reason: unknown, { name, digest }: ResolvedZooKeeperOptions): RpcError {
  if (reason instanceof RpcError) return reason;
  const say = (code: Code, what: string) => new RpcError(code, `${name}: ${what}`, { cause: reason });
  const user = digest === undefined ? "nobody" : `"${digest.slice(0, digest.indexOf(":"))}"`;
  if (hasCode(reason, errorCode.NO_AUTH)) {
    const what = `what is there belongs to somebody else (asked as ${user}); check auth, or the ACL of the prefix`;
    return say(Code.PERMISSION_DENIED, what);
  }
  if (hasCode(reason, errorCode.AUTH_FAILED, errorCode.INVALID_ACL)) {
    return say(Code.UNAUTHENTICATED, `user ${user} was refused; check auth.username and auth.password`);
  }
  return say(Code.UNAVAILABLE, reason instanceof Error ? reason.message : String(reason));
}
