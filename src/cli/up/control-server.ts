import { chmodSync } from "node:fs";
import type { Closeable } from "../../contract/contract.js";
import { createServer } from "../../server/server.js";
import { defaultTransport } from "../../service/open-transport.js";
import { type AppInfo, SupervisorServiceDefinition, supervisorHandlers } from "../../supervisor/control/control.js";
import type { Supervisor } from "../../supervisor/supervisor.js";
import type { Clock } from "../../time/time.js";
import type { Transport } from "../../transport/transport.js";

export interface ControlServerOptions {
  readonly supervisor: Supervisor;
  readonly info: AppInfo;
  /** Where to listen: a path in a folder that nobody else can enter. */
  readonly socket: string;
  /** Default: the one that `HAWSER_TRANSPORT` names. */
  readonly transport?: Transport;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** How long a reader may take for what waits to be sent to it. */
const graceMs = 1000;

/**
 * Lets a supervisor be controlled over a socket that only this user may open: `hawser ps` does, and so can grpcurl, by reflection.
 * To be closed after the supervisor has ended: who follows it is told of its end, and whoever asked for that gets an answer.
 */
export async function startControlServer(options: ControlServerOptions): Promise<Closeable> {
  const { socket, transport = defaultTransport(), ...rest } = options;
  const closing = new AbortController();
  const server = createServer({ transport, address: `grpc+unix://${socket}` });
  server.add(SupervisorServiceDefinition, supervisorHandlers({ ...rest, signal: closing.signal }));
  await server.start();
  chmodSync(socket, 0o600);
  const close = (): Promise<void> => {
    closing.abort();
    return server.close({ graceMs });
  };
  return { close, [Symbol.asyncDispose]: close };
}
