import { afterAll, beforeAll } from "vitest";
import { etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { registrySuite } from "../conformance/registry.js";
import { EtcdServer } from "../support/etcd.js";
import { TcpProxy } from "../support/tcp-proxy.js";

let server: EtcdServer;
let backends = 0;

beforeAll(async () => {
  server = await EtcdServer.start();
});

afterAll(() => server.stop());

registrySuite({
  name: "etcd",
  capabilities: { register: true, lease: true, watch: "push", distributed: true },
  outages: true,
  make: async (monitor) => {
    const prefix = `/suite/${++backends}`;
    const proxy = await TcpProxy.to(server.endpoint);
    return {
      open: () => etcdRegistry({ hosts: proxy.addressFor(server.endpoint), prefix, random: () => 0.1, monitor }),
      close: () => proxy.close(),
      goAway: async () => proxy.refuse(),
      comeBack: async () => proxy.admit(),
    };
  },
  unreachable: { open: () => etcdRegistry({ hosts: "127.0.0.1:1" }), named: "etcd://127.0.0.1:1" },
});
