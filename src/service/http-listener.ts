import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
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
 * when the service does, requests that run included.
 *
 * @param handler of Node's own server, or of anything that has one: `express()`, `getRequestListener(hono.fetch)`
 * @example
 * setup({ needs, listen }) {
 *   listen(httpListener((request, response) => response.end("hello"), { port: 8080 }));
 * }
 */
export function httpListener(handler: RequestListener | Server, options: HttpListenerOptions): OwnedListener {
  const { port, host = "127.0.0.1", advertise } = options;
  const server = typeof handler === "function" ? createServer(handler) : handler;
  return {
    name: "http",
    start: () =>
      new Promise((resolve, reject) => {
        server.once("error", ({ code, message }: NodeJS.ErrnoException) =>
          reject(new Error(code === "EADDRINUSE" ? `http://${host}:${port} is taken; choose another port` : message)),
        );
        server.listen(port, host, () => {
          const bound = server.address() as AddressInfo;
          const shown = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
          resolve(advertised(`http://${shown}:${bound.port}`, advertise));
        });
      }),
    close: ({ graceMs }) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
