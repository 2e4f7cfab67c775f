import { consulRegistry } from "../../src/registry/consul/consul.js";
import { registrySuite } from "../conformance/registry.js";
import { FakeConsul } from "../support/fake-consul.js";

registrySuite({
  name: "consul",
  capabilities: { register: true, lease: true, watch: "push", distributed: true },
  outages: true,
  make: async (monitor) => {
    const consul = await FakeConsul.start();
    return {
      open: () => consulRegistry({ address: consul.address, random: () => 0.1, monitor }),
      close: () => consul.stop(),
      goAway: () => consul.stop(),
      comeBack: () => consul.restart({ empty: true }),
    };
  },
  unreachable: { open: () => consulRegistry({ address: "127.0.0.1:1" }), named: "consul://127.0.0.1:1" },
});
