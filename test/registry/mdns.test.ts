import { afterAll, describe, expect, test } from "vitest";
import { mdnsRegistry } from "../../src/registry/mdns/mdns.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance, registrySuite } from "../conformance/registry.js";
import { freeUdpPort, whyNoMulticast } from "../support/multicast.js";
import { Follower } from "./follower.js";

const reason = await whyNoMulticast();

/** The real thing: UDP multicast over the loopback interface, on a port of its own. */
if (reason === undefined) {
  registrySuite({
    name: "mdns (multicast over loopback)",
    capabilities: { register: true, lease: true, watch: "push", distributed: true },
    make: async (monitor) => {
      const port = await freeUdpPort();
      const opened: Registry[] = [];
      return {
        open: () => {
          const registry = mdnsRegistry({ interface: "127.0.0.1", port, browseMs: 200, monitor });
          opened.push(registry);
          return registry;
        },
        close: async () => {
          await Promise.all(opened.map((each) => each.close()));
        },
      };
    },
    unreachable: {
      open: () => mdnsRegistry({ interface: "203.0.113.77", port: 15_353 }),
      named: "mdns://203.0.113.77:15353",
    },
  });
} else {
  test.skip(`mdns over multicast (skipped: multicast does not work on this machine: ${reason})`, () => {});
  afterAll(() => console.warn(`SKIPPED: mdns over real multicast, which does not work here: ${reason}`));
}

describe.skipIf(reason !== undefined)("mdns registry: over multicast", () => {
  test("a LAN on another port is another LAN", async () => {
    await using here = mdnsRegistry({ interface: "127.0.0.1", port: await freeUdpPort(), browseMs: 200 });
    await using there = mdnsRegistry({ interface: "127.0.0.1", port: await freeUdpPort(), browseMs: 200 });
    await here.register(instance("orders-1"));
    expect(await there.list()).toEqual([]);
    await new Follower(here, "orders").untilIds("orders-1");
  });
});
