import type { Command } from "commander";
import { RegistryServiceDefinition } from "../gen/hawser/registry/v1/registry.js";
import { registryHandlers } from "../registry/hawser/hawser.js";
import { createServer, type Server } from "../server/server.js";
import { advertised } from "../service/advertised.js";
import { parseAddress } from "../transport/address.js";
import { grpcJsTransport } from "../transport/grpc-js/grpc-js.js";
import type { Address } from "../transport/transport.js";
import { UsageError } from "./failure.js";
import { aborted } from "./interruptible.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";

/** Every stream has been told of the stop by then; what is left are single questions. */
const graceMs = 1000;

export function addRegistry(program: Command, io: Io): void {
  program
    .command("registry")
    .description("run a registry server: services and the other verbs find each other through it")
    .option("--address <host:port>", "where to listen; port 0 takes a free one", "127.0.0.1:7400")
    .action(({ address }: { address: string }, command: Command) =>
      registry(address, new Terminal(io, command.optsWithGlobals<GlobalOptions>())),
    );
}

async function registry(address: string, terminal: Terminal): Promise<void> {
  const { signal } = terminal.io;
  const server = createServer({ transport: grpcJsTransport(), address: grpcAddress(address) });
  server.add(RegistryServiceDefinition, registryHandlers({ signal }));
  await listen(server, address);
  try {
    const url = advertised(server.address).replace("grpc://", "hawser://");
    if (terminal.json) await terminal.object({ address: server.address, registry: url });
    else await terminal.line(`registry listening on ${server.address}; services find it with HAWSER_REGISTRY=${url}`);
    await aborted(signal);
  } finally {
    await server.close({ graceMs });
  }
}

function grpcAddress(address: string): Address {
  try {
    return parseAddress(`grpc://${address}`) && `grpc://${address}`;
  } catch {
    throw new UsageError(`--address ${JSON.stringify(address)}: expected host:port, like 127.0.0.1:7400`);
  }
}

async function listen(server: Server, address: string): Promise<void> {
  try {
    await server.start();
  } catch (cause) {
    if (!String(cause).includes("EADDRINUSE")) throw cause;
    const hint = "is a registry running there already? try: hawser list, or another --address";
    throw new Error(`${address} is taken; ${hint}`, { cause });
  }
}
