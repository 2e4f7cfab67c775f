import { createClient } from "../../src/client/client.js";
import { RegistryServiceDefinition } from "../../src/gen/hawser/registry/v1/registry.js";
import { hawserRegistry, registryHandlers } from "../../src/registry/hawser/hawser.js";
import { createServer } from "../../src/server/server.js";
import { memoryTransport } from "../../src/transport/memory/memory.js";
import { registrySuite } from "../conformance/registry.js";

registrySuite({
  name: "hawser",
  capabilities: { register: true, lease: true, watch: "push", distributed: true },
  make: async () => {
    const transport = memoryTransport();
    const closing = new AbortController();
    const server = createServer({ transport, address: "memory://registry" });
    server.add(RegistryServiceDefinition, registryHandlers({ signal: closing.signal }));
    await server.start();
    return {
      open: () => {
        const client = createClient(RegistryServiceDefinition, { target: "memory://registry", transport });
        return hawserRegistry({ client, name: "memory://registry" });
      },
      close: () => {
        closing.abort();
        return server.close();
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
