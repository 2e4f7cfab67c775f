import { afterAll, beforeAll } from "vitest";
import { zookeeperRegistry } from "../../src/registry/zookeeper/zookeeper.js";
import { registrySuite } from "../conformance/registry.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { withZooKeeper, ZooKeeperServer } from "../support/zookeeper.js";

withZooKeeper("the shared suite", () => {
  let server: ZooKeeperServer;
  let backends = 0;

  beforeAll(async () => {
    server = await ZooKeeperServer.start();
  });

  afterAll(() => server.stop());

  registrySuite({
    name: "zookeeper",
    capabilities: { register: true, lease: true, watch: "push", distributed: true },
    outages: true,
    make: async (monitor) => {
      const prefix = `/suite/${++backends}`;
      const proxy = await TcpProxy.to(server.endpoint);
      return {
        open: () => zookeeperRegistry({ hosts: proxy.addressFor(server.endpoint), prefix, random: () => 0.1, monitor }),
        close: () => proxy.close(),
        goAway: async () => proxy.refuse(),
        comeBack: async () => proxy.admit(),
      };
    },
    unreachable: { open: () => zookeeperRegistry({ hosts: "127.0.0.1:1" }), named: "zookeeper://127.0.0.1:1" },
  });
});
