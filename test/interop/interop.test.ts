import { afterAll, beforeAll, describe, test } from "vitest";
import { cases } from "./cases.js";
import { grpcJsClient } from "./grpc-js-client.js";
import { grpcJsServer } from "./grpc-js-server.js";
import { hawserClient } from "./hawser-client.js";
import { hawserServer } from "./hawser-server.js";
import type { InteropClient, InteropServer } from "./peer.js";

const parties = [
  ["our client and a grpc-js server", hawserClient, grpcJsServer],
  ["a grpc-js client and our server", grpcJsClient, hawserServer],
  ["our client and our server", hawserClient, hawserServer],
] as const;

for (const tls of [false, true]) {
  describe.each(parties)(`gRPC interop, ${tls ? "TLS" : "h2c"}: %s`, (_parties, connect, serve) => {
    let server: InteropServer;
    let client: InteropClient;

    beforeAll(async () => {
      server = await serve({ tls });
      client = connect(server.address, { tls });
    });

    afterAll(async () => {
      await client.close();
      await server.close();
    });

    for (const [name, run] of Object.entries(cases)) {
      test(name, () => run(client, () => connect(server.address, { tls })));
    }
  });
}
