import type { Command } from "commander";
import { startRegistryServer } from "./app/registry-server.js";
import { aborted } from "./interruptible.js";
import type { Io } from "./io.js";
import { type GlobalOptions, Terminal } from "./terminal.js";

export function addRegistry(program: Command, io: Io): void {
  program
    .command("registry")
    .description("run a registry server: services and the other verbs find each other through it")
    .option("--address <host:port>", "where to listen; port 0 takes a free one", "127.0.0.1:7400")
    .action(({ address }: { address: string }, command: Command) =>
      registry(address, new Terminal(io, command.optsWithGlobals<GlobalOptions>())),
    );
}

async function registry(given: string, terminal: Terminal): Promise<void> {
  await using server = await startRegistryServer(given, terminal.transport());
  const { address, url } = server;
  if (terminal.json) await terminal.object({ address, registry: url });
  else await terminal.line(`registry listening on ${address}; services find it with HAWSER_REGISTRY=${url}`);
  await aborted(terminal.io.signal);
}
