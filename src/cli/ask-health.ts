import { type ClosableClient, createClient } from "../client/client.js";
import type { Instance, Metadata } from "../contract/contract.js";
import { type CodeName, codeName, RpcError } from "../errors/errors.js";
import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as Status,
  healthCheckResponse_ServingStatusToJSON as statusName,
} from "../gen/grpc/health/v1/health.js";
import { statusAgeKey } from "../server/server.js";
import { registrationHealthName } from "../service/registration-health.js";
import type { Address, Transport } from "../transport/transport.js";

/** What `grpc.health.v1` said of a whole server, or the status the question failed with; `UNKNOWN` where nobody could be asked. */
export type HealthAnswer = "SERVING" | "NOT_SERVING" | "UNKNOWN" | CodeName;

/** How an instance says it stands with its registry. */
export interface RegistrationAnswer {
  readonly registered: boolean;
  /** How long that has been so, where it says. */
  readonly forMs?: number;
}

/** How long an instance may take to say how it is. */
const timeoutMs = 1000;

/** Asks whoever is there how it is. Never rejects. */
export async function askHealth(
  target: Address | undefined,
  transport: Transport,
  signal: AbortSignal,
): Promise<HealthAnswer> {
  if (target === undefined) return "UNKNOWN";
  try {
    await using client = clientOf(target, transport);
    const { status } = await client.check({ service: "" }, { signal });
    return statusName(status) as HealthAnswer;
  } catch (reason) {
    return codeName(RpcError.from(reason).code);
  }
}

/** Asks whoever is there how it stands with its registry. Null where it does not say so. Never rejects. */
export async function askRegistration(
  target: Address | undefined,
  transport: Transport,
  signal: AbortSignal,
): Promise<RegistrationAnswer | null> {
  if (target === undefined) return null;
  let age = "";
  const onHeader = (header: Metadata): void => {
    age = header.get(statusAgeKey) ?? "";
  };
  try {
    await using client = clientOf(target, transport);
    const { status } = await client.check({ service: registrationHealthName }, { signal, onHeader });
    const forMs = /^\d+$/.test(age) ? Number(age) : undefined;
    return { registered: status === Status.SERVING, ...(forMs !== undefined && { forMs }) };
  } catch {
    return null;
  }
}

/** The first of its endpoints that the transport reaches. */
export function targetOf({ endpoints }: Instance, { schemes }: Transport): Address | undefined {
  return endpoints.find((endpoint) => schemes.includes(endpoint.replace(/:\/\/.*/, "")));
}

function clientOf(target: Address, transport: Transport): ClosableClient<HealthDefinition> {
  return createClient(HealthDefinition, { target, transport, timeoutMs, retry: false });
}
