import { describe } from "vitest";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { grpcConnections } from "../../conformance/grpc/connections.js";

describe("an http2 connection", () => grpcConnections(http2Transport));
