import { memoryTransport } from "../../../../dist/transport/memory/memory.js";
import { type Connect, maxMessageBytes } from "../../echo.js";
import { connectClient } from "../hawser/client.js";
import { startServer } from "../hawser/server.js";

export const connect: Connect = async () => {
  const transport = memoryTransport({ maxReceiveBytes: maxMessageBytes });
  const { address } = await startServer(transport, "memory://echo");
  return connectClient(transport, address);
};
