import { afterAll, beforeAll } from "vitest";
import { etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { registrySuite } from "../conformance/registry.js";
import { EtcdServer } from "../support/etcd.js";

let server: EtcdServer;
let backends = 0;

beforeAll(async () => {
  server = await EtcdServer.start();
});

afterAll(() => server.stop());

registrySuite({
  name: "etcd",
  capabilities: { register: true, lease: true, watch: "push", distributed: true },
  make: async () => {
    const prefix = `/suite/${++backends}`;
    return { open: () => etcdRegistry({ hosts: server.endpoint, prefix }), close: async () => {} };
  },
  unreachable: { open: () => etcdRegistry({ hosts: "127.0.0.1:1" }), named: "etcd://127.0.0.1:1" },
});
