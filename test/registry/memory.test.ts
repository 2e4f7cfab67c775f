import { memoryRegistry } from "../../src/registry/memory/memory.js";
import { registrySuite } from "../conformance/registry.js";

registrySuite({
  name: "memory",
  capabilities: { register: true, lease: false, watch: "push", distributed: false },
  make: async (monitor) => {
    const registry = memoryRegistry({ monitor });
    return { open: () => registry, close: () => registry.close() };
  },
});
