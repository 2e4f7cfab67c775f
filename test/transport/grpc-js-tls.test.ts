import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { transportSuite } from "../conformance/transport.js";
import { tls } from "../support/tls/certificates.js";
import { grpcJsSkips } from "./grpc-js-skips.js";

transportSuite({
  name: "grpc-js (TLS)",
  make: (options) => ({ transport: grpcJsTransport({ ...options, tls }), address: "grpcs://127.0.0.1:0" }),
  capabilities: { sockets: true },
  skip: grpcJsSkips,
});
