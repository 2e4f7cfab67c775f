import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Holder } from "../holder.js";

const held: Socket[] = [];

/** Sockets of Node with a listener for data: what no protocol on top can do without. */
export const holder: Holder = {
  async serve() {
    const server = createServer((socket) => {
      held.push(socket);
      socket.on("data", (bytes) => socket.write(bytes));
    });
    server.listen(0, "127.0.0.1", 1024);
    await once(server, "listening");
    return [String((server.address() as AddressInfo).port)];
  },

  async open([port]) {
    const socket = connect(Number(port), "127.0.0.1");
    held.push(socket);
    socket.write("hawser");
    await new Promise((resolve) => socket.on("data", resolve));
  },
};
