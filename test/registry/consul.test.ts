import { consulRegistry } from "../../src/registry/consul/consul.js";
import { registrySuite } from "../conformance/registry.js";
import { FakeConsul } from "../support/fake-consul.js";

registrySuite({
  name: "consul",
  capabilities: { register: true, lease: true, watch: "push", distributed: true },
  make: async () => {
    const consul = await FakeConsul.start();
    return { open: () => consulRegistry({ address: consul.address }), close: () => consul.stop() };
  },
  unreachable: { open: () => consulRegistry({ address: "127.0.0.1:1" }), named: "consul://127.0.0.1:1" },
});
