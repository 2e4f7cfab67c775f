import type { EchoClient } from "../../echo.js";
import { EchoServiceDefinition } from "../../gen/ts-proto/bench/v1/echo.js";
import { receivedBytes, repeat } from "../../streams.js";
import {
  clientTelemetry,
  createClient,
  type Instance,
  memoryRegistry,
  newInstanceId,
  type Transport,
} from "./hawser.js";

const service = "echo";

/** A client as a service makes it: a registry, the default selector, retry and deadline of 5 s, telemetry. */
export async function connectClient(transport: Transport, address: string): Promise<EchoClient> {
  const registry = memoryRegistry();
  await registry.register(instanceAt(address));
  const telemetry = clientTelemetry({ target: service });
  const client = createClient(EchoServiceDefinition, {
    registry,
    service,
    transport,
    middleware: [telemetry.call],
    attemptMiddleware: [telemetry.attempt],
  });
  return {
    unary: async (payload) => (await client.unary({ payload })).payload.length,
    serverStream: (payload, count) => receivedBytes(client.serverStream({ payload, count })),
    bidi: (payload, count) => receivedBytes(client.bidi(repeat({ payload }, count))),
  };
}

function instanceAt(address: string): Instance {
  return {
    id: newInstanceId(service),
    service,
    version: "1.0.0",
    endpoints: [address],
    contracts: [EchoServiceDefinition.fullName],
    metadata: {},
    weight: 100,
    zone: "",
    state: "serving",
    startedAt: new Date(),
  };
}
