import { Code, RpcError } from "../../errors/errors.js";

export const kubernetesHint = "does the API server answer? try: kubectl get endpointslices";

/** What the cluster has to allow, for messages. docs/registry.md has the whole Role. */
const wayOut =
  'give its service account a Role with the verbs get, list, watch on "endpointslices" of the group "discovery.k8s.io"';

/** What was followed is too far back for the server: only a new list helps. */
export class GoneError extends Error {
  override readonly name = "GoneError";
}

/**
 * An answer that is none.
 *
 * @param verb as a Role names it: `list`
 * @param message what the server says of it, if anything
 */
export function refusal(registry: string, verb: string, status: number, message: string): Error {
  const said = message === "" ? `HTTP ${status}` : `HTTP ${status}: ${message}`;
  const asked = `${verb} endpointslices`;
  switch (status) {
    case 410:
      return new GoneError(said);
    case 401:
      return new RpcError(
        Code.UNAUTHENTICATED,
        `${registry}: the API server does not know who wants to ${asked} (${said}); is the token still good, and of this cluster?`,
      );
    case 403:
      return new RpcError(Code.PERMISSION_DENIED, `${registry}: may not ${asked} here (${said}); ${wayOut}`);
    case 404:
      return new RpcError(
        Code.FAILED_PRECONDITION,
        `${registry}: there is nothing to ${asked} of (${said}); it takes Kubernetes 1.21 or newer, and its API server as server`,
      );
    default:
      return new RpcError(Code.UNAVAILABLE, `${registry}: could not ${asked} (${said})`);
  }
}

/** Nothing can be asked for without them. */
export function noCredentials(registry: string, cause: unknown): RpcError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${registry}: no credentials (${reason}); does the pod mount its service account, or the token function answer?`;
  return new RpcError(Code.FAILED_PRECONDITION, message, { cause });
}

/** The server could not be asked, or broke off. */
export function unavailable(registry: string, why: string, cause?: unknown): RpcError {
  return new RpcError(Code.UNAVAILABLE, `${registry}: ${why}`, { cause });
}
