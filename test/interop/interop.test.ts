import { afterAll, beforeAll, describe, test } from "vitest";
import { cases } from "./cases.js";
import type { InteropClient, InteropServer } from "./peer.js";
import { peers } from "./peers.js";

/** Others among themselves, too: that tells whether a case that fails is a matter of ours. */
const pairs = peers.flatMap((client) => peers.map((server) => [client, server] as const));

for (const tls of [false, true]) {
  for (const [{ name, connect }, { name: other, serve }] of pairs) {
    describe(`gRPC interop, ${tls ? "TLS" : "h2c"}: a client of ${name} and a server of ${other}`, () => {
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

      for (const [title, run] of Object.entries(cases)) {
        test(title, () => run(client, () => connect(server.address, { tls })));
      }
    });
  }
}
