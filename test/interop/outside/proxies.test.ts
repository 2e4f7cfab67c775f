import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { freePort } from "../../support/free-ports.js";
import { cases } from "../cases.js";
import type { InteropClient, InteropServer } from "../peer.js";
import { hawserHttp2 } from "../peers.js";
import { missing, ServingProgram } from "./program.js";

interface Proxy {
  readonly program: string;
  /** What it is configured with, to listen on a port and to pass all on to another. */
  readonly config: (port: number, target: string) => readonly string[];
  /** @param config the file that holds it */
  readonly flags: (config: string, folder: string) => readonly string[];
}

const proxies: readonly Proxy[] = [
  {
    program: "nginx",
    config: (port, target) => [
      "daemon off; master_process off; pid nginx.pid; error_log stderr; events {}",
      "http {",
      "  access_log off; client_max_body_size 0;",
      "  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;",
      `  server { listen 127.0.0.1:${port} http2; location / { grpc_pass grpc://127.0.0.1:${target}; } }`,
      "}",
    ],
    flags: (config, folder) => ["-e", "stderr", "-p", folder, "-c", config],
  },
  {
    program: "haproxy",
    config: (port, target) => [
      "defaults",
      "  mode http",
      "  timeout connect 5s",
      "  timeout client 60s",
      "  timeout server 60s",
      `listen grpc`,
      `  bind 127.0.0.1:${port} proto h2`,
      `  server ours 127.0.0.1:${target} proto h2`,
    ],
    flags: (config) => ["-db", "-f", config],
  },
  {
    program: "nghttpx",
    config: (port, target) => [
      `frontend=127.0.0.1,${port};no-tls`,
      `backend=127.0.0.1,${target};;proto=h2`,
      "workers=1",
      "errorlog-file=/dev/stderr",
    ],
    flags: (config) => [`--conf=${config}`],
  },
  {
    program: "envoy",
    config: (port, target) => [JSON.stringify(envoyConfig(port, Number(target)))],
    flags: (config) => ["-c", config, "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error"],
  },
];

function envoyConfig(port: number, target: number) {
  const typed = (type: string, config = {}) => ({ "@type": `type.googleapis.com/envoy.extensions.${type}`, ...config });
  const at = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
  const router = { name: "router", typed_config: typed("filters.http.router.v3.Router") };
  const route = { match: { prefix: "/" }, route: { cluster: "ours", timeout: "0s" } };
  const manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "grpc",
    codec_type: "HTTP2",
    http_filters: [router],
    route_config: { virtual_hosts: [{ name: "ours", domains: ["*"], routes: [route] }] },
  });
  const overHttp2 = typed("upstreams.http.v3.HttpProtocolOptions", {
    explicit_http_config: { http2_protocol_options: {} },
  });
  const cluster = {
    name: "ours",
    load_assignment: { cluster_name: "ours", endpoints: [{ lb_endpoints: [{ endpoint: { address: at(target) } }] }] },
    typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": overHttp2 },
  };
  const listener = { address: at(port), filter_chains: [{ filters: [{ name: "manager", typed_config: manager }] }] };
  return { static_resources: { listeners: [listener], clusters: [cluster] } };
}

for (const { program, config, flags } of proxies) {
  const reason = missing(program);
  const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

  describe.skipIf(reason !== undefined)(`gRPC interop, h2c: ours, ${program}, and ours${skipped}`, () => {
    let folder: string;
    let server: InteropServer;
    let proxy: ServingProgram;
    let client: InteropClient;
    let address: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), `hawser-${program}-`));
      server = await hawserHttp2.serve({ tls: false });
      const port = await freePort();
      const file = join(folder, "config");
      await writeFile(file, `${config(port, new URL(server.address).port).join("\n")}\n`);
      proxy = await ServingProgram.start(port, program, ...flags(file, folder));
      address = `grpc://127.0.0.1:${port}`;
      client = hawserHttp2.connect(address, { tls: false });
    });
    afterAll(async () => {
      await client.close();
      await proxy.close();
      await server.close();
      await rm(folder, { recursive: true });
    });

    for (const [title, run] of Object.entries(cases)) {
      test(title, () => run(client, () => hawserHttp2.connect(address, { tls: false })));
    }
  });
}
