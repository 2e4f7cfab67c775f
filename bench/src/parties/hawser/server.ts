import { EchoServiceDefinition } from "../../gen/ts-proto/bench/v1/echo.js";
import { type Repeat, repeat } from "../../streams.js";
import {
  createServer,
  type Handlers,
  type Server,
  type ServiceDefinition,
  serverTelemetry,
  type Transport,
} from "./hawser.js";

export function echoOf(responses: Repeat): Handlers<typeof EchoServiceDefinition> {
  return {
    async unary({ payload }) {
      return { payload };
    },

    serverStream({ payload, count }) {
      return responses({ payload }, count);
    },

    async *bidi(requests) {
      for await (const { payload } of requests) yield { payload };
    },
  };
}

export const echo: Handlers<typeof EchoServiceDefinition> = echoOf(repeat);

/** A server as a service runs it: with telemetry, health and reflection. Resolves once it listens. */
export async function serverOf<D extends ServiceDefinition>(
  definition: D,
  handlers: Handlers<D>,
  transport: Transport,
  address: string | readonly string[],
): Promise<Server> {
  const server = createServer({ transport, address, middleware: [serverTelemetry()] });
  server.add(definition, handlers);
  await server.start();
  return server;
}

export function startServer(
  transport: Transport,
  address: string | readonly string[],
  handlers: Handlers<typeof EchoServiceDefinition> = echo,
): Promise<Server> {
  return serverOf(EchoServiceDefinition, handlers, transport, address);
}
