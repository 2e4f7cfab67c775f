import type { Connect } from "../../echo.js";
import { EchoServiceDefinition } from "../../gen/ts-proto/bench/v1/echo.js";
import { receivedBytes, repeat } from "../../streams.js";
import { defineApp, defineService, silentLogger, startApp } from "../hawser/hawser.js";
import { echo } from "../hawser/server.js";

const service = defineService({ name: "echo", contract: EchoServiceDefinition, setup: () => echo });

/** A service of an app, called as another service of the same process calls it: everything an app has stands in between. */
export const connect: Connect = async () => {
  const app = defineApp({ name: "bench", services: [service] });
  const running = await startApp(app, { logger: () => silentLogger });
  const client = running.client(EchoServiceDefinition, "echo");
  return {
    unary: async (payload) => (await client.unary({ payload })).payload.length,
    serverStream: (payload, count) => receivedBytes(client.serverStream({ payload, count })),
    bidi: (payload, count) => receivedBytes(client.bidi(repeat({ payload }, count))),
  };
};
