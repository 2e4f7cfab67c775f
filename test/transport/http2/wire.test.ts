import { Code } from "../../../src/errors/errors.js";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { wireSuite } from "../../conformance/wire.js";

wireSuite({
  name: "http2",
  transport: http2Transport,
  userAgent: /hawser/,
  // As PROTOCOL-HTTP2.md says of NO_ERROR: this side can tell it from a connection that fell.
  cutOff: Code.INTERNAL,
  skip: {
    "more header fields than anybody needs end the call, and no other":
      "fields are limited by their bytes (maxHeaderBytes, as HTTP/2 counts them), not by their number",
  },
});
