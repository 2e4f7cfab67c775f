import { describe } from "vitest";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { grpcConnections } from "../../conformance/grpc/connections.js";

describe("a grpc-js connection", () => grpcConnections(grpcJsTransport));
