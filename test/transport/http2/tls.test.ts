import { describe } from "vitest";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { grpcTls } from "../../conformance/grpc/tls.js";

describe("http2 over TLS", () => grpcTls(http2Transport));
