import type { Settings } from "node:http2";
import { afterAll, beforeAll, describe, test } from "vitest";
import { cases } from "./cases.js";
import type { InteropClient, InteropServer } from "./peer.js";
import { hawserHttp2, nodeHttp2 } from "./peers.js";

/** What a peer may say of itself, each at its limits (RFC 9113 §6.5.2). */
const said: { readonly [name: string]: Settings } = {
  "no header table": { headerTableSize: 0 },
  "a small header table": { headerTableSize: 100 },
  "a large header table": { headerTableSize: 1024 * 1024 },
  "windows of 100 bytes": { initialWindowSize: 100 },
  "windows as large as they can be": { initialWindowSize: 2 ** 31 - 1 },
  "frames as large as they can be": { maxFrameSize: 2 ** 24 - 1 },
  "one call at once": { maxConcurrentStreams: 1 },
};

/** Ten times large_unary, which plays as well: through windows of 100 bytes that takes longest of all, and shows nothing more. */
const timesTen = ["rpc_soak", "channel_soak"];

const parties = [
  { title: "our client and a server on node:http2", connect: hawserHttp2.connect, serve: nodeHttp2.serve },
  { title: "our server and a client on node:http2", connect: nodeHttp2.connect, serve: hawserHttp2.serve },
];

for (const { title, connect, serve } of parties) {
  describe.each(Object.entries(said))(`gRPC interop, ${title} that has %s`, (_name, settings) => {
    const played = Object.entries(cases).filter(
      ([name]) => settings.initialWindowSize !== 100 || !timesTen.includes(name),
    );
    let server: InteropServer;
    let client: InteropClient;

    beforeAll(async () => {
      server = await serve({ tls: false, settings });
      client = connect(server.address, { tls: false, settings });
    });
    afterAll(async () => {
      await client.close();
      await server.close();
    });

    for (const [name, run] of played) {
      test(name, () => run(client, () => connect(server.address, { tls: false, settings })));
    }
  });
}
