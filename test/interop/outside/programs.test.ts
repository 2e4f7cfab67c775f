import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, test } from "vitest";
import { cases } from "../cases.js";
import type { InteropClient, InteropServer } from "../peer.js";
import { ours } from "../peers.js";
import { freePort, missing, run, ServingProgram } from "./program.js";

/**
 * The interop programs of other languages against ours, by the flags that https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
 * gives them all. `make interop` brings them; where they are missing, this is skipped.
 */
const tlsFile = (name: string) => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url));

/** What other clients do besides: requests that are compressed without being asked first whether the server knows. */
const compression = ["client_compressed_unary_noprobe", "client_compressed_streaming_noprobe"];
const java = [...Object.keys(cases), ...compression, "very_large_request"];

const clients: { readonly [program: string]: readonly string[] } = {
  "grpc-go-interop-client": Object.keys(cases),
  "grpc-python-interop-client": [...Object.keys(cases), ...compression],
  "grpc-java-interop-client": java,
  "grpc-okhttp-interop-client": java,
};
const servers = ["grpc-go-interop-server", "grpc-python-interop-server", "grpc-java-interop-server"];

for (const { name, connect, serve } of ours) {
  for (const tls of [false, true]) {
    const over = tls ? "TLS" : "h2c";

    for (const [program, names] of Object.entries(clients)) {
      const reason = missing(program);
      describe.skipIf(reason !== undefined)(titleOf(`${over}: ${program} and a server of ${name}`, reason), () => {
        let server: InteropServer;
        let flags: readonly string[];

        beforeAll(async () => {
          server = await serve({ tls });
          const port = server.address.slice(server.address.lastIndexOf(":") + 1);
          const trust = tls ? [`--ca_file=${tlsFile("ca.pem")}`] : [];
          flags = ["--server_host=127.0.0.1", `--server_port=${port}`, `--use_tls=${tls}`, ...trust];
        });
        afterAll(() => server.close());

        test.each(names)("%s", async (title) => {
          await run(program, ...flags, `--test_case=${title}`);
        });
      });
    }

    for (const program of servers) {
      const reason = missing(program);
      describe.skipIf(reason !== undefined)(titleOf(`${over}: a client of ${name} and ${program}`, reason), () => {
        let server: ServingProgram;
        let client: InteropClient;
        let address: string;

        beforeAll(async () => {
          const port = await freePort();
          const pair = [`--tls_cert_file=${tlsFile("server.pem")}`, `--tls_key_file=${tlsFile("server.key")}`];
          server = await ServingProgram.start(
            port,
            program,
            `--port=${port}`,
            `--use_tls=${tls}`,
            ...(tls ? pair : []),
          );
          address = `${tls ? "grpcs" : "grpc"}://127.0.0.1:${port}`;
          client = connect(address, { tls });
        });
        afterAll(async () => {
          await client.close();
          await server.close();
        });

        for (const [title, play] of Object.entries(cases)) {
          test(title, () => play(client, () => connect(address, { tls })));
        }
      });
    }
  }
}

function titleOf(title: string, reason: string | undefined): string {
  return `gRPC interop, ${title}${reason === undefined ? "" : ` (skipped: ${reason})`}`;
}
