import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, test } from "vitest";
import { freePort } from "../../support/free-ports.js";
import { cases } from "../cases.js";
import { serverCompresses } from "../compression-cases.js";
import type { InteropClient, InteropServer } from "../peer.js";
import { hawserHttp2 } from "../peers.js";
import { roadTo } from "../road.js";
import { missing, run, ServingProgram } from "./program.js";

/**
 * The interop programs of other languages against ours, by the flags that
 * https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md gives them all. `make interop` brings them;
 * where one is missing its tests are skipped.
 *
 * Of the cases of compression those are left out in which a server says whether a request was compressed, or compresses
 * one response and not the next: ours decides by size, and shows its handlers messages, not bytes.
 */
const names = Object.keys(cases);
const compression = ["client_compressed_unary_noprobe", "client_compressed_streaming_noprobe"];

const clients: { readonly [program: string]: readonly string[] } = {
  "grpc-go-interop-client": names,
  "grpc-python-interop-client": [...names, ...compression, "concurrent_large_unary"],
  "tonic-interop-client": [...names, ...compression, "concurrent_large_unary"],
  "grpc-java-interop-client": [...names, ...compression, "very_large_request"],
  "grpc-okhttp-interop-client": [...names, ...compression, "very_large_request"],
};

/** By what they compress where a request asks for it. */
const servers: { readonly [program: string]: readonly string[] } = {
  "grpc-go-interop-server": [],
  "grpc-python-interop-server": Object.keys(serverCompresses),
  "tonic-interop-server": ["server_compressed_unary"],
  "grpc-java-interop-server": ["server_compressed_unary"],
};

/** A soak shall find what breaks, not how busy the machine is. */
const atLeisure = ["--soak_per_iteration_max_acceptable_latency_ms=60000", "--soak_overall_timeout_seconds=60"];

for (const tls of [false, true]) {
  const over = tls ? "TLS" : "h2c";

  for (const [program, titles] of Object.entries(clients)) {
    withProgram(program, `gRPC interop, ${over}: ${program} and our server`, () => {
      let server: InteropServer;
      let flags: readonly string[];

      beforeAll(async () => {
        server = await hawserHttp2.serve({ tls });
        const trust = tls ? [`--ca_file=${tlsFile("ca.pem")}`] : [];
        flags = [`--server_port=${portOf(server)}`, "--server_host=127.0.0.1", `--use_tls=${tls}`, ...trust];
      });
      afterAll(() => server.close());

      test.each(titles)("%s", async (title) => {
        await run(program, ...flags, `--test_case=${title}`, ...(title.endsWith("_soak") ? atLeisure : []));
      });
    });
  }

  for (const [program, compressed] of Object.entries(servers)) {
    withProgram(program, `gRPC interop, ${over}: our client and ${program}`, () => {
      let server: InteropServer;
      let client: InteropClient;

      beforeAll(async () => {
        server = await serving(program, tls);
        client = hawserHttp2.connect(server.address, { tls });
      });
      afterAll(async () => {
        await client.close();
        await server.close();
      });

      for (const [title, play] of Object.entries(cases)) {
        test(title, () => play(client, () => hawserHttp2.connect(server.address, { tls })));
      }
      for (const title of compressed) {
        test(title, async () => serverCompresses[title]?.(await roadTo(server, hawserHttp2.connect, { tls })));
      }
    });
  }
}

function withProgram(program: string, title: string, tests: () => void): void {
  const reason = missing(program);
  describe.skipIf(reason !== undefined)(reason === undefined ? title : `${title} (skipped: ${reason})`, tests);
}

async function serving(program: string, tls: boolean): Promise<InteropServer> {
  const port = await freePort();
  const pair = [`--tls_cert_file=${tlsFile("server.pem")}`, `--tls_key_file=${tlsFile("server.key")}`];
  const server = await ServingProgram.start(port, program, `--port=${port}`, `--use_tls=${tls}`, ...(tls ? pair : []));
  return { address: `${tls ? "grpcs" : "grpc"}://127.0.0.1:${port}`, close: () => server.close() };
}

function tlsFile(name: string): string {
  return fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url));
}

function portOf({ address }: InteropServer): string {
  return address.slice(address.lastIndexOf(":") + 1);
}
