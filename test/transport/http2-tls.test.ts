import { http2Transport } from "../../src/transport/http2/http2.js";
import { transportSuite } from "../conformance/transport.js";
import { tls } from "../support/tls/certificates.js";

transportSuite({
  name: "http2 (TLS)",
  make: (options) => ({ transport: http2Transport({ ...options, tls }), address: "grpcs://127.0.0.1:0" }),
  capabilities: { sockets: true },
});
