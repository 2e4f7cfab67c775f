import { createClient } from "../../src/client/client.js";
import { RegistryServiceDefinition } from "../../src/gen/hawser/registry/v1/registry.js";
import { hawserRegistry, registryHandlers } from "../../src/registry/hawser/hawser.js";
import { createServer } from "../../src/server/server.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import type { Transport } from "../../src/transport/transport.js";
import { registrySuite } from "../conformance/registry.js";

/** On which nobody is registered. */
async function startServer(transport: Transport): Promise<{ close(): Promise<void> }> {
  const closing = new AbortController();
  const server = createServer({ transport, address: "memory://registry" });
  server.add(RegistryServiceDefinition, registryHandlers({ signal: closing.signal }));
  await server.start();
  const close = () => {
    closing.abort();
    return server.close();
  };
  return { close };
}

registrySuite({
  name: "hawser",
  capabilities: { register: true, lease: true, watch: "push", distributed: true },
  outages: true,
  make: async (monitor) => {
    const transport = memoryTransport();
    let running = await startServer(transport);
    return {
      open: () => {
        const client = createClient(RegistryServiceDefinition, { target: "memory://registry", transport });
        return hawserRegistry({ client, name: "memory://registry", random: () => 0.1, monitor });
      },
      close: () => running.close(),
      goAway: () => running.close(),
      comeBack: async () => {
        running = await startServer(transport);
      },
    };
  },
  unreachable: {
    open: () => {
      const client = createClient(RegistryServiceDefinition, {
        target: "memory://nobody",
        transport: memoryTransport(),
      });
      return hawserRegistry({ client, name: "hawser://nobody" });
    },
    named: "hawser://nobody",
  },
});
