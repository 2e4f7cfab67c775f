import { createClient } from "../client/client.js";
import type { Instance } from "../contract/contract.js";
import { type CodeName, codeName, RpcError } from "../errors/errors.js";
import {
  HealthDefinition,
  healthCheckResponse_ServingStatusToJSON as statusName,
} from "../gen/grpc/health/v1/health.js";
import type { Address, Transport } from "../transport/transport.js";

/** What `grpc.health.v1` said of a whole server, or the status the question failed with; `UNKNOWN` where nobody could be asked. */
export type HealthAnswer = "SERVING" | "NOT_SERVING" | "UNKNOWN" | CodeName;

/** How long an instance may take to say how it is. */
const timeoutMs = 1000;

/** Asks an instance how it is, over the first of its endpoints that the transport reaches. Never rejects. */
export async function askInstance(
  { endpoints }: Instance,
  transport: Transport,
  signal: AbortSignal,
): Promise<HealthAnswer> {
  const target = endpoints.find((endpoint) => transport.schemes.includes(endpoint.replace(/:\/\/.*/, "")));
  return target === undefined ? "UNKNOWN" : await askAddress(target, transport, signal);
}

/** Asks whoever is there how it is. Never rejects. */
export async function askAddress(target: Address, transport: Transport, signal: AbortSignal): Promise<HealthAnswer> {
  try {
    await using client = createClient(HealthDefinition, { target, transport, timeoutMs, retry: false });
    const { status } = await client.check({ service: "" }, { signal });
    return statusName(status) as HealthAnswer;
  } catch (reason) {
    return codeName(RpcError.from(reason).code);
  }
}
