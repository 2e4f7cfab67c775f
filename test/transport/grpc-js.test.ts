import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { transportSuite } from "../conformance/transport.js";
import { grpcJsSkips } from "./grpc-js-skips.js";

transportSuite({
  name: "grpc-js (h2c)",
  make: (options) => ({ transport: grpcJsTransport(options), address: "grpc://127.0.0.1:0" }),
  capabilities: { sockets: true },
  skip: grpcJsSkips,
});
