import { RegistryServiceDefinition } from "../../src/gen/hawser/registry/v1/registry.js";
import { registryHandlers } from "../../src/registry/hawser/hawser.js";
import { createServer } from "../../src/server/server.js";
import { grpcJsTransport } from "../../src/transport/grpc-js/grpc-js.js";
import { EtcdServer } from "../support/etcd.js";

/** Where instances are made known. */
export interface Backend {
  /** As it goes into `HAWSER_REGISTRY`. */
  readonly url: string;
  close(): Promise<void>;
}

/** What `hawser registry` and `hawser up` serve. */
export async function hawserBackend(): Promise<Backend> {
  const closing = new AbortController();
  const server = createServer({ transport: grpcJsTransport(), address: "grpc://127.0.0.1:0" });
  server.add(RegistryServiceDefinition, registryHandlers({ signal: closing.signal }));
  await server.start();
  return {
    url: server.address.replace("grpc://", "hawser://"),
    close: () => {
      closing.abort();
      return server.close({ graceMs: 1000 });
    },
  };
}

export async function etcdBackend(): Promise<Backend> {
  const etcd = await EtcdServer.start();
  return { url: `etcd://${etcd.endpoint}`, close: () => etcd.stop() };
}
