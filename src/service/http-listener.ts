import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { advertised } from "./advertised.js";
import type { OwnedListener } from "./spec.js";

export interface HttpListenerOptions {
  /** Port 0 takes a free one. */
  readonly port: number;
  /** Default: `127.0.0.1`. `0.0.0.0` and `::` listen on every interface. */
  readonly host?: string;
  /** The host others reach it by. Default: the bound one. */
  readonly advertise?: string;
}

/**
 * An HTTP server that belongs to a service: it starts with it, the registry knows it as `http://host:port`, and it stops
 * when the service does, requests that run included: these, and WebSockets, have the grace of the stop to end.
 *
 * @param handler of Node's own server, or of anything that has one: `express()`, `getRequestListener(hono.fetch)`
 * @example
 * setup({ needs, listen }) {
 *   listen(httpListener((request, response) => response.end("hello"), { port: 8080 }));
 * }
 */
export function httpListener(handler: RequestListener | Server, options: HttpListenerOptions): OwnedListener {
  const { port, host = "127.0.0.1", advertise } = options;
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw new RangeError(`httpListener: port: must be a whole number from 0 to 65535, was ${port}`);
  const server = typeof handler === "function" ? createServer(handler) : handler;
  let listening: Promise<void> | undefined;
  let closing = false;
  /** All of them: Node's own list forgets those that were upgraded. */
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // A kept connection is idle once its last answer is out; Node would keep it for seconds, and the close waits for it.
  server.on("request", (_request, response) => {
    response.once("close", () => closing && setImmediate(() => server.closeIdleConnections()));
  });

  return {
    name: "http",
    async start() {
      listening = listen(server, port, host);
      await listening;
      return advertised(endpointOf(server), advertise);
    },
    async close({ graceMs }) {
      closing = true;
      await listening?.catch(() => {});
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      // Browsers connect before they have anything to say, and Node does not call that idle.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(code === "EADDRINUSE" ? `http://${host}:${port} is taken; choose another port` : message, {
      cause,
    });
  }
}

function endpointOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
