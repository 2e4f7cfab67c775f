import { Code } from "../../../src/errors/errors.js";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { wireSuite } from "../../conformance/wire.js";

wireSuite({
  name: "grpc-js",
  transport: grpcJsTransport,
  userAgent: /^hawser.* grpc-node-js\//,
  // grpc-js says the same of a call whose connection fell: it is worth another try.
  cutOff: Code.UNAVAILABLE,
  skip: {
    "a prefix with a flag nobody knows is INTERNAL": "grpc-js takes every flag but 1 for 0, and says nothing of it",
    "an answer that breaks off within a message is INTERNAL, whatever its status says":
      "grpc-js drops what does not make up a whole message, and keeps to itself that there was something",
  },
});
