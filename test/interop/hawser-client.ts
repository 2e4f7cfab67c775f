import { createClient } from "../../src/client/client.js";
import { TestServiceDefinition, UnimplementedServiceDefinition } from "../gen/grpc/testing/test.js";
import { tls } from "../support/tls/certificates.js";
import type { Connect, MakeTransport } from "./peer.js";

/** Ours, over a transport. */
export function hawserClient(make: MakeTransport): Connect {
  return (target, setup) => {
    const transport = make({
      ...(setup.tls ? { tls: { ca: tls.ca as Buffer } } : {}),
      compression: setup.compress === true ? "gzip" : "identity",
      compressMinBytes: setup.compressMinBytes ?? 1,
    });
    const client = createClient(TestServiceDefinition, { transport, target });
    const unimplemented = createClient(UnimplementedServiceDefinition, { transport, target });
    return {
      emptyCall: (options) => client.emptyCall({}, options),
      unaryCall: (request, options) => client.unaryCall(request, options),
      streamingInputCall: (requests, options) => client.streamingInputCall(requests, options),
      streamingOutputCall: (request, options) => client.streamingOutputCall(request, options),
      fullDuplexCall: (requests, options) => client.fullDuplexCall(requests, options),
      unimplementedMethod: () => client.unimplementedCall({}),
      unimplementedService: () => unimplemented.unimplementedCall({}),
      close: async () => {
        await Promise.all([client.close(), unimplemented.close()]);
      },
    };
  };
}
