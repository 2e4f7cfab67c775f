import { fileURLToPath } from "node:url";
import { type GrpcOptions, Transport } from "@nestjs/microservices";
import { maxMessageBytes } from "../../echo.js";

/** NestJS over gRPC as its documentation sets it up: the `.proto` loaded at run time, by its own codec. */
export function grpcOptions(url: string): GrpcOptions {
  return {
    transport: Transport.GRPC,
    options: {
      url,
      package: "bench.v1",
      protoPath: fileURLToPath(new URL("../../../proto/bench/v1/echo.proto", import.meta.url)),
      maxReceiveMessageLength: maxMessageBytes,
    },
  };
}
