import { EchoServiceDefinition } from "../../gen/ts-proto/bench/v1/echo.js";
import { repeat } from "../../streams.js";
import { createServer, type Handlers, type Server, serverTelemetry, type Transport } from "./hawser.js";

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
export async function startServer(transport: Transport, address: string): Promise<Server> {
  const server = createServer({ transport, address, middleware: [serverTelemetry()] });
  server.add(EchoServiceDefinition, echo);
  await server.start();
  return server;
}
