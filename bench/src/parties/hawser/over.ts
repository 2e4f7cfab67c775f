import { type Connect, maxMessageBytes, type Serve } from "../../echo.js";
import { connectClient } from "./client.js";
import type { Transport } from "./hawser.js";
import { startServer } from "./server.js";
import { startMetrics, startTracing } from "./telemetry.js";

/** How a transport of Hawser is made: each party that works over the wire has one of its own. */
export type MakeTransport = (options: { readonly maxReceiveBytes: number }) => Transport;

/** A client over the wire, its metrics read. `tracedShare`: of its calls, from 0 to 1; undefined: no tracer at all. */
export function connectOver(makeTransport: MakeTransport, tracedShare?: number): Connect {
  return (address) => {
    observe(tracedShare);
    return connectClient(makeTransport({ maxReceiveBytes: maxMessageBytes }), address);
  };
}

/** The same for a server, which traces what its caller traces. */
export function serveOver(makeTransport: MakeTransport, tracedShare?: number): Serve {
  return () => {
    observe(tracedShare);
    return startServer(makeTransport({ maxReceiveBytes: maxMessageBytes }), "grpc://127.0.0.1:0");
  };
}

function observe(tracedShare: number | undefined): void {
  startMetrics();
  if (tracedShare !== undefined) startTracing(tracedShare);
}
