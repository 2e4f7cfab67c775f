import { EchoServiceDefinition } from "../../gen/ts-proto/bench/v1/echo.js";
import { repeat } from "../../streams.js";
import {
  createServer,
  type Handlers,
  type Server,
  type ServiceDefinition,
  serverTelemetry,
  type Transport,
} from "./hawser.js";

export const echo: Handlers<typeof EchoServiceDefinition> = {
  async unary({ payload }) {
    return { payload };
  },

  serverStream({ payload, count }) {
    return repeat({ payload }, count);
  },

  async *bidi(requests) {
    for await (const { payload } of requests) yield { payload };
  },
};

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

export function startServer(transport: Transport, address: string | readonly string[]): Promise<Server> {
  return serverOf(EchoServiceDefinition, echo, transport, address);
}
