import { memoryTransport } from "../../src/transport/memory/memory.js";
import { transportSuite } from "../conformance/transport.js";

transportSuite({
  name: "memory",
  make: (options) => ({ transport: memoryTransport(options), address: "memory://echo" }),
  capabilities: { sockets: false },
});
