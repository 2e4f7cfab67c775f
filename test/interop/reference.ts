import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** The contract as the outside implementation reads it, with another protobuf than ours. */
const loaded = grpc.loadPackageDefinition(
  loadSync("grpc/testing/test.proto", {
    includeDirs: [fileURLToPath(new URL("proto", import.meta.url))],
    defaults: true,
    longs: Number,
  }),
) as unknown as {
  readonly grpc: {
    readonly testing: {
      readonly TestService: grpc.ServiceClientConstructor;
      readonly UnimplementedService: grpc.ServiceClientConstructor;
    };
  };
};

export const { TestService, UnimplementedService } = loaded.grpc.testing;
