import { describe } from "vitest";
import { grpcJsTransport } from "../../../src/transport/grpc-js/grpc-js.js";
import { grpcOptions } from "../../conformance/grpc/options.js";

describe("options of grpcJsTransport()", () => grpcOptions("grpc-js", grpcJsTransport));
