import { describe } from "vitest";
import { http2Transport } from "../../../src/transport/http2/http2.js";
import { grpcOptions } from "../../conformance/grpc/options.js";

describe("options of http2Transport()", () => grpcOptions("http2", http2Transport));
