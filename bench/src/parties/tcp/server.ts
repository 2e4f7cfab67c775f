import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Serve } from "../../echo.js";

/** Sockets of Node, and bytes that go back as they came. */
export const serve: Serve = async () => {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: String((server.address() as AddressInfo).port) };
};
