/** As a client of Hawser sees it: what its selector may pick. */
import { createClient } from "../../../dist/client/client.js";
import { etcdRegistry } from "../../../dist/registry/etcd/etcd.js";
import type { Selector } from "../../../dist/selector/selector.js";
import { grpcJsTransport } from "../../../dist/transport/grpc-js/grpc-js.js";
import { EchoServiceDefinition } from "../gen/ts-proto/bench/v1/echo.js";
import type { Follow } from "./picture.js";

export const follow: Follow = async (host, services) => {
  const registry = etcdRegistry({ hosts: host });
  const ids = new Map<string, ReadonlySet<string>>();
  let told = (_service: string): void => {};
  const transport = grpcJsTransport();
  const clients = await Promise.all(
    services.map(
      (service) =>
        new Promise<{ close(): Promise<void> }>((resolve) => {
          const selector = (): Selector => ({
            name: "bench",
            update(instances) {
              ids.set(service, new Set(instances.map(({ id }) => id)));
              told(service);
              if (instances.length > 0) queueMicrotask(() => resolve(client));
            },
            pick: () => undefined,
          });
          const client = createClient(EchoServiceDefinition, { registry, service, transport, selector });
        }),
    ),
  );
  return {
    ids: (service) => ids.get(service) ?? new Set(),
    onChange: (listener) => {
      told = listener;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await registry.close();
    },
  };
};
