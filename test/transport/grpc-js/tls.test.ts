import { describe } from "vitest";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { grpcTls } from "../../conformance/grpc/tls.js";

describe("grpc-js over TLS", () => grpcTls(grpcJsTransport));
