import { type Connect, maxMessageBytes, type Serve } from "../../echo.js";
import { repeat, repeatPlainly } from "../../streams.js";
import { connectClient } from "./client.js";
import type { Transport } from "./hawser.js";
import { echoOf, startServer } from "./server.js";
import { startMetrics, startTracing } from "./telemetry.js";

/** How a transport of Hawser is made: each party that works over the wire has one of its own. */
export type MakeTransport = (options: { readonly maxReceiveBytes: number }) => Transport;

export interface OverOptions {
  /** Of the client's calls, from 0 to 1; undefined: no tracer at all. The server traces what its caller traces. */
  readonly tracedShare?: number;
  /** Streams are sent from generators that are not async. Default: from async ones. */
  readonly plainly?: boolean;
}

/** A client over the wire, its metrics read. */
export function connectOver(makeTransport: MakeTransport, { tracedShare, plainly = false }: OverOptions = {}): Connect {
  return (address) => {
    observe(tracedShare);
    return connectClient(
      makeTransport({ maxReceiveBytes: maxMessageBytes }),
      address,
      plainly ? repeatPlainly : repeat,
    );
  };
}

/** The same for a server. */
export function serveOver(makeTransport: MakeTransport, { tracedShare, plainly = false }: OverOptions = {}): Serve {
  return () => {
    observe(tracedShare);
    const transport = makeTransport({ maxReceiveBytes: maxMessageBytes });
    return startServer(transport, "grpc://127.0.0.1:0", echoOf(plainly ? repeatPlainly : repeat));
  };
}

function observe(tracedShare: number | undefined): void {
  startMetrics();
  if (tracedShare !== undefined) startTracing(tracedShare);
}
