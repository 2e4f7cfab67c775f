import { describe, expect, it } from "vitest";
import { createClient } from "../../../src/client/client.js";
import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../src/gen/grpc/health/v1/health.js";
import { defineApp, type ServiceHealth } from "../../../src/service/service.js";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { EchoServiceDefinition } from "../../support/echo.js";
import { echoing, SharedRegistry, started } from "./stage.js";

const own = ["", EchoServiceDefinition.fullName];

/** An app of one service that says `first` of itself in its setup, and how those who ask are answered. */
async function given(first?: Parameters<ServiceHealth["set"]>[0]) {
  let health: ServiceHealth | undefined;
  const echoes = echoing("echo", {
    setup: (context) => {
      health = context.health;
      if (first !== undefined) health.set(first);
    },
  });
  const running = await started(defineApp({ services: [echoes] }), { remote: { registry: new SharedRegistry() } });
  const target = running.instances[0]?.endpoints.find((each) => each.startsWith("grpc:")) as string;
  const asked = async (service: string): Promise<Status> => {
    await using client = createClient(HealthDefinition, { target, transport: grpcJsTransport() });
    return (await client.check({ service })).status;
  };
  return { health: health as ServiceHealth, asked };
}

describe("the health of a service", () => {
  it("is SERVING where it says nothing", async () => {
    const { asked } = await given();
    expect(await Promise.all(own.map(asked))).toEqual([Status.SERVING, Status.SERVING]);
  });

  it("is what it says: of all of its contracts, and of its server as a whole", async () => {
    const { health, asked } = await given();
    health.set("NOT_SERVING");
    expect(await Promise.all(own.map(asked))).toEqual([Status.NOT_SERVING, Status.NOT_SERVING]);
    health.set("SERVING");
    expect(await Promise.all(own.map(asked))).toEqual([Status.SERVING, Status.SERVING]);
  });

  it("that was said in setup stands when it is ready", async () => {
    const { health, asked } = await given("NOT_SERVING");
    expect(await Promise.all(own.map(asked))).toEqual([Status.NOT_SERVING, Status.NOT_SERVING]);
    health.set("SERVING");
    expect(await Promise.all(own.map(asked))).toEqual([Status.SERVING, Status.SERVING]);
  });

  it("leaves the process answering, so that nobody takes it for dead", async () => {
    const { asked } = await given("NOT_SERVING");
    expect(await asked(HealthDefinition.fullName)).toBe(Status.SERVING);
  });
});
