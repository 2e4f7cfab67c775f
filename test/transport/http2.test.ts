import { http2Transport } from "../../src/transport/http2/http2.js";
import { transportSuite } from "../conformance/transport.js";

transportSuite({
  name: "http2 (h2c)",
  make: (options) => ({ transport: http2Transport(options), address: "grpc://127.0.0.1:0" }),
  capabilities: { sockets: true },
});
