import type { EchoClient } from "../../echo.js";
import { EchoServiceDefinition } from "../../gen/ts-proto/bench/v1/echo.js";
import { type Repeat, receivedBytes, repeat } from "../../streams.js";
import {
  type ClosableClient,
  clientTelemetry,
  createClient,
  type Instance,
  memoryRegistry,
  newInstanceId,
  type ServiceDefinition,
  type Transport,
} from "./hawser.js";

/** A client as a service makes it: a registry, the default selector, retry and deadline of 5 s, telemetry. */
export async function clientOf<D extends ServiceDefinition>(
  definition: D,
  transport: Transport,
  address: string,
): Promise<ClosableClient<D>> {
  const instance = instanceAt(address, definition);
  const registry = memoryRegistry();
  await registry.register(instance);
  const telemetry = clientTelemetry({ target: instance.service });
  return createClient(definition, {
    registry,
    service: instance.service,
    transport,
    middleware: [telemetry.call],
    attemptMiddleware: [telemetry.attempt],
  });
}

export async function connectClient(
  transport: Transport,
  address: string,
  requests: Repeat = repeat,
): Promise<EchoClient> {
  const client = await clientOf(EchoServiceDefinition, transport, address);
  return {
    unary: async (payload) => (await client.unary({ payload })).payload.length,
    serverStream: (payload, count) => receivedBytes(client.serverStream({ payload, count })),
    bidi: (payload, count) => receivedBytes(client.bidi(requests({ payload }, count))),
  };
}

function instanceAt(address: string, { fullName }: ServiceDefinition): Instance {
  const service = "bench";
  return {
    id: newInstanceId(service),
    service,
    version: "1.0.0",
    endpoints: [address],
    contracts: [fullName],
    metadata: {},
    weight: 100,
    zone: "",
    state: "serving",
    startedAt: new Date(),
  };
}
