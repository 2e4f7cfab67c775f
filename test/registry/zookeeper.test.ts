import { afterAll, beforeAll } from "vitest";
import { zookeeperRegistry } from "../../src/registry/zookeeper/zookeeper.js";
import { registrySuite } from "../conformance/registry.js";
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
    make: async () => {
      const prefix = `/suite/${++backends}`;
      return { open: () => zookeeperRegistry({ hosts: server.endpoint, prefix }), close: async () => {} };
    },
    unreachable: { open: () => zookeeperRegistry({ hosts: "127.0.0.1:1" }), named: "zookeeper://127.0.0.1:1" },
  });
});
