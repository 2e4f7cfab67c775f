import { isIPv4 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allowNetworks } from "../../src/registry/allow-networks.js";
import { memoryRegistry } from "../../src/registry/memory/memory.js";
import { instance, registrySuite } from "../conformance/registry.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

registrySuite({
  name: "allowNetworks over memory",
  capabilities: { register: true, lease: false, watch: "push", distributed: false },
  make: async (monitor) => {
    const registry = allowNetworks(memoryRegistry({ monitor }), ["127.0.0.0/8", "10.0.0.0/8", "::1"]);
    return { open: () => registry, close: () => registry.close() };
  },
});

/** The endpoints of one instance that are left of these. */
async function left(networks: readonly string[], endpoints: readonly string[]): Promise<readonly string[]> {
  await using registry = allowNetworks(memoryRegistry(), networks);
  await registry.register(instance("orders-1", { endpoints }));
  const { instances } = await new Follower(registry, "orders").until(() => true);
  return instances[0]?.endpoints ?? [];
}

describe("allowNetworks: endpoints", () => {
  test("addresses inside pass, addresses outside do not", async () => {
    const inside = ["grpc://10.1.2.3:50051", "grpcs://[fd12::7]:50051", "http://192.0.2.7:80/path"];
    const outside = ["grpc://11.1.2.3:50051", "grpc://[fe80::7]:50051", "grpc://192.0.2.8:80"];
    expect(await left(["10.0.0.0/8", "fd00::/8", "192.0.2.7"], [...inside, ...outside])).toEqual(inside);
  });

  test("an IPv4 address is the same address in IPv6's clothes, on either side", async () => {
    const clothed = ["grpc://[::ffff:10.1.2.3]:1", "grpc://[::ffff:a01:203]:1", "grpc://[0:0:0:0:0:FFFF:0a01:0203]:1"];
    expect(await left(["10.0.0.0/8"], [...clothed, "grpc://[::ffff:11.0.0.1]:1"])).toEqual(clothed);
    expect(await left(["::ffff:10.0.0.0/104"], [...clothed, "grpc://10.0.0.1:1", "grpc://11.0.0.1:1"])).toEqual([
      ...clothed,
      "grpc://10.0.0.1:1",
    ]);
  });

  test("all of one family says nothing of the other", async () => {
    const both = ["grpc://10.0.0.1:1", "grpc://[fd00::1]:1", "grpc://[::ffff:10.0.0.1]:1"];
    expect(await left(["::/0"], both)).toEqual(["grpc://[fd00::1]:1"]);
    expect(await left(["0.0.0.0/0"], both)).toEqual(["grpc://10.0.0.1:1", "grpc://[::ffff:10.0.0.1]:1"]);
  });

  test("a zone does not hide an address", async () => {
    expect(await left(["fe80::/10"], ["grpc://[fe80::1%eth0]:1", "grpc://[fd00::1%eth0]:1"])).toEqual([
      "grpc://[fe80::1%eth0]:1",
    ]);
  });

  test("a host name passes only where it is listed as it is", async () => {
    const endpoints = ["grpc://orders.internal:1", "grpc://Orders.Internal:2", "grpc://evil.example:1"];
    expect(await left(["10.0.0.0/8"], endpoints)).toEqual([]);
    expect(await left(["orders.internal"], endpoints)).toEqual(endpoints.slice(0, 2));
  });

  test("what stays on the machine passes", async () => {
    const local = ["memory://orders", "grpc+unix:///run/orders.sock"];
    expect(await left(["10.0.0.0/8"], local)).toEqual(local);
  });

  test("what cannot be read, or is disguised, does not pass", async () => {
    const disguised = [
      "",
      "10.0.0.1:1",
      "grpc://",
      "grpc://10.0.0.1@evil.example:1",
      "grpc://10.0.0.1%x.evil.example:1",
      "grpc://[10.0.0.1%x.evil.example]:1",
      "grpc://evil.example:1#10.0.0.1",
      "grpc://0x0a.0.0.1:1",
      "grpc://012.0.0.1:1",
      "grpc://167772161:1",
      "grpc://[10.0.0.1:1",
      "grpc://10.0.0.1:1:2",
      "grpc://10.0.0.1 evil.example:1",
      "memory://",
    ];
    expect(await left(["10.0.0.0/8", "evil.example.com"], disguised)).toEqual([]);
  });

  test("nothing outside ever passes, and everything inside does", async () => {
    const octets = fc.tuple(...Array.from({ length: 4 }, () => fc.nat({ max: 255 })));
    await fc.assert(
      fc.asyncProperty(octets, octets, fc.nat({ max: 32 }), fc.boolean(), async (network, address, bits, clothed) => {
        const near = address.map((octet, index) => (index * 8 < bits - 8 ? (network[index] as number) : octet));
        const number = (parts: readonly number[]) => parts.reduce((sum, part) => sum * 256 + part, 0);
        const size = 2 ** (32 - bits);
        const inside = Math.floor(number(network) / size) === Math.floor(number(near) / size);
        const endpoint = clothed ? `grpc://[::ffff:${near.join(".")}]:1` : `grpc://${near.join(".")}:1`;
        expect(await left([`${network.join(".")}/${bits}`], [endpoint])).toEqual(inside ? [endpoint] : []);
      }),
    );
  });

  test("whatever is written into a registry, only what was allowed comes out", async () => {
    const piece = fc.constantFrom(
      "grpc",
      "://",
      "10.0.0.1",
      "[",
      "]",
      ":",
      "@",
      "/",
      "%",
      "::1",
      "evil.example",
      "#",
      "1",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 9 }), async (pieces) => {
        const [endpoint] = await left(["10.0.0.0/8"], [pieces.join("")]);
        const host = /^[a-z0-9+.-]+:\/\/\[?([^\]:/]+)/.exec(endpoint ?? "")?.[1];
        if (endpoint !== undefined) expect(isIPv4(host ?? "") && host?.startsWith("10.")).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("allowNetworks: instances", () => {
  test("who has no endpoint left is not there, and the log says so once", async () => {
    const logger = recordingLogger();
    await using registry = allowNetworks(memoryRegistry(), ["10.0.0.0/8"], { logger });
    await registry.register(instance("orders-1", { endpoints: ["grpc://10.0.0.1:1"] }));
    await registry.register(instance("orders-2", { endpoints: ["grpc://192.0.2.1:1"] }));
    const orders = new Follower(registry, "orders");
    await orders.untilIds("orders-1");
    await registry.register(instance("orders-3", { endpoints: ["grpc://10.0.0.3:1"] }));
    await orders.untilIds("orders-1", "orders-3");
    await new Follower(registry, "orders").untilIds("orders-1", "orders-3");
    expect(logger.lines).toEqual([
      {
        level: "warn",
        fields: { service: "orders", reason: "orders-2: in no allowed network: grpc://192.0.2.1:1" },
        message: "left out of the registry",
      },
    ]);
  });

  test("who comes back, or moves to another address outside, is told again", async () => {
    const logger = recordingLogger();
    await using registry = allowNetworks(memoryRegistry(), ["10.0.0.0/8"], { logger });
    const orders = new Follower(registry, "orders");
    const first = await registry.register(instance("orders-1", { endpoints: ["grpc://192.0.2.1:1"] }));
    await orders.untilIds();
    await first.update(instance("orders-1", { endpoints: ["grpc://192.0.2.2:1", "grpc://10.0.0.1:1"] }));
    await orders.untilIds("orders-1");
    await first.close();
    await orders.until(({ instances }) => instances.length === 0);
    const told = orders.snapshots.length;
    await registry.register(instance("orders-1", { endpoints: ["grpc://192.0.2.1:1"] }));
    await registry.register(instance("orders-2", { endpoints: ["grpc://10.0.0.1:1"] }));
    await orders.untilIds("orders-2");
    expect(logger.lines.map(({ fields }) => fields["reason"])).toEqual([
      "orders-1: in no allowed network: grpc://192.0.2.1:1",
      "orders-1: in no allowed network: grpc://192.0.2.2:1",
      "orders-1: in no allowed network: grpc://192.0.2.1:1",
    ]);
    expect(orders.snapshots).toHaveLength(told + 1);
  });

  test("however many are outside, and whatever they say, the log has eleven short lines of it", async () => {
    const logger = recordingLogger();
    await using registry = allowNetworks(memoryRegistry(), ["10.0.0.0/8"], { logger });
    const endpoints = [`grpc://192.0.2.1:1/${"x".repeat(100_000)}`];
    for (let each = 0; each < 100; each++) await registry.register(instance(`orders-${each}`, { endpoints }));
    await new Follower(registry, "orders").untilIds();
    expect(logger.lines).toHaveLength(11);
    expect(logger.lines.at(-1)).toMatchObject({ fields: { more: 90 } });
    for (const { fields } of logger.lines) expect(String(fields["reason"]).length).toBeLessThan(300);
  });

  test("who watches again after the last watch has closed is told again of who is left out", async () => {
    const logger = recordingLogger();
    await using registry = allowNetworks(memoryRegistry(), ["10.0.0.0/8"], { logger });
    await registry.register(instance("orders-1", { endpoints: ["grpc://192.0.2.1:1"] }));
    const [first, second] = [new Follower(registry, "orders"), new Follower(registry, "orders")];
    await first.untilIds();
    await first.close();
    await first.close();
    await second.untilIds();
    expect(logger.lines).toHaveLength(1);
    await second.close();
    await new Follower(registry, "orders").untilIds();
    expect(logger.lines).toHaveLength(2);
  });

  test("a change of which nothing is left to see is not told", async () => {
    await using registry = allowNetworks(memoryRegistry(), ["10.0.0.0/8"]);
    const orders = new Follower(registry, "orders");
    await orders.untilIds();
    const outside = await registry.register(instance("orders-1", { endpoints: ["grpc://192.0.2.1:1"] }));
    await outside.update(instance("orders-1", { endpoints: ["grpc://192.0.2.2:1"] }));
    await registry.register(instance("orders-2", { endpoints: ["grpc://10.0.0.1:1"] }));
    await orders.untilIds("orders-2");
    expect(orders.snapshots).toHaveLength(2);
  });
});

describe("allowNetworks: bad input", () => {
  test.each([
    "10.0.0.0/33",
    "fd00::/129",
    "10.0.0.256",
    "10.0.0/8",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "0x0a.0x1",
    "",
    " ",
    "a b",
    "orders/8",
    "http://10.0.0.1",
  ])("%j is no network", (network) => {
    const make = () => allowNetworks(memoryRegistry(), ["10.0.0.0/8", network]);
    expect(make).toThrow(RangeError);
    expect(make).toThrow(JSON.stringify(network));
  });

  test("an empty list is refused: nobody could be called", () => {
    expect(() => allowNetworks(memoryRegistry(), [])).toThrow(TypeError);
  });
});
