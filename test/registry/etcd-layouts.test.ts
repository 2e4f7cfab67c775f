import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Instance } from "../../src/contract/contract.js";
import {
  type EtcdLayout,
  etcdNamingLayout,
  etcdRegistry,
  goMicroLayout,
  goZeroLayout,
  hawserLayout,
  kratosLayout,
} from "../../src/registry/etcd/etcd.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance, registrySuite } from "../conformance/registry.js";
import { EtcdServer } from "../support/etcd.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

let server: EtcdServer;
let prefixes = 0;
const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await EtcdServer.start();
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(() => server.stop());

function open(layout: EtcdLayout, prefix: string, logger = recordingLogger()): Registry {
  const registry = etcdRegistry({ hosts: server.endpoint, layout, prefix, logger });
  cleanups.push(() => registry.close());
  return registry;
}

/** go-zero keeps an address and nothing else. */
function addressOnly({ id, service, endpoints }: Instance): Instance {
  const rest = { version: "", contracts: [], metadata: {}, weight: 100, zone: "", state: "serving" } as const;
  return { ...rest, id, service, endpoints: endpoints.slice(0, 1), startedAt: new Date(0) };
}

const needsAnAddress = "it keeps nothing but an address, and this instance has none";
const onlyAnAddress = "it keeps nothing but an address";
const layouts = [
  { layout: kratosLayout },
  { layout: goMicroLayout, skip: { "an instance with nothing in it but its name arrives so": needsAnAddress } },
  { layout: etcdNamingLayout, skip: { "an instance with nothing in it but its name arrives so": needsAnAddress } },
  {
    layout: goZeroLayout,
    seenAs: addressOnly,
    skip: {
      "an instance with nothing in it but its name arrives so": needsAnAddress,
      "a registered instance is visible when register() resolves": onlyAnAddress,
      "watchers see an update, and see it draining": onlyAnAddress,
      "the last of many updates at once is what stays": onlyAnAddress,
      "closing a registration takes its instance out, and only it": onlyAnAddress,
      "an id can be registered again once its registration is closed": onlyAnAddress,
    },
  },
];

for (const { layout, seenAs, skip } of layouts) {
  registrySuite({
    name: `etcd in the layout of ${layout().layout}`,
    capabilities: { register: true, lease: true, watch: "push", distributed: true },
    ...(skip && { skip }),
    make: async (monitor) => {
      const prefix = `/suite/${++prefixes}`;
      return {
        open: () => etcdRegistry({ hosts: server.endpoint, prefix, layout, monitor }),
        close: async () => {},
        ...(seenAs && { seenAs }),
      };
    },
  });
}

/** As programs of these frameworks write them, and what Hawser sees. */
const samples: readonly { layout: EtcdLayout; key: string; value: string; seen: Partial<Instance> }[] = [
  {
    layout: kratosLayout,
    key: "orders/7f1b8c9a-host",
    value:
      '{"id":"7f1b8c9a-host","name":"orders","version":"v1.2.0","metadata":{"weight":"20","team":"checkout"},"endpoints":["http://10.0.0.7:8000","grpc://10.0.0.7:9000?isSecure=true"]}',
    seen: {
      id: "7f1b8c9a-host",
      version: "v1.2.0",
      weight: 20,
      metadata: { weight: "20", team: "checkout" },
      endpoints: ["http://10.0.0.7:8000", "grpcs://10.0.0.7:9000"],
    },
  },
  {
    layout: kratosLayout,
    key: "orders/plain",
    value:
      '{"id":"plain","name":"orders","version":"","metadata":null,"endpoints":["grpc://10.0.0.7:9000?isSecure=false"]}',
    seen: { id: "plain", endpoints: ["grpc://10.0.0.7:9000"], weight: 100 },
  },
  {
    layout: goMicroLayout,
    key: "orders/orders-5d2e",
    value:
      '{"name":"orders","version":"latest","metadata":null,"endpoints":[{"name":"Orders.Place","request":{"name":"PlaceRequest","type":"PlaceRequest","values":null},"response":null,"metadata":{}}],"nodes":[{"id":"orders-5d2e","address":"10.0.0.7:34567","metadata":{"broker":"http","protocol":"grpc","registry":"etcd","server":"grpc","transport":"grpc"}}]}',
    seen: { id: "orders-5d2e", version: "latest", endpoints: ["grpc://10.0.0.7:34567"] },
  },
  {
    layout: goMicroLayout,
    key: "orders/old",
    value: '{"name":"orders","version":"latest","nodes":[{"id":"old","address":"10.0.0.8:1","metadata":null}]}',
    seen: { id: "old", endpoints: ["mucp://10.0.0.8:1"] },
  },
  {
    layout: etcdNamingLayout,
    key: "orders/10.0.0.7:9000",
    value: '{"Op":0,"Addr":"10.0.0.7:9000","Metadata":null}',
    seen: { id: "10.0.0.7:9000", endpoints: ["grpc://10.0.0.7:9000"] },
  },
  {
    layout: goZeroLayout,
    key: "orders/7587862094723563021",
    value: "10.0.0.7:8080",
    seen: { id: "7587862094723563021", endpoints: ["grpc://10.0.0.7:8080"] },
  },
];

describe("what other frameworks have written", () => {
  test.each(samples)("$layout.name reads $key", async ({ layout, key, value, seen }) => {
    const prefix = `/suite/${++prefixes}`;
    await server.ctl("put", `${prefix}/${key}`, value);
    const orders = new Follower(open(layout, prefix), "orders");
    const { instances } = await orders.until((snapshot) => snapshot.instances.length > 0);
    expect(instances).toEqual([expect.objectContaining({ service: "orders", state: "serving", ...seen })]);
  });

  test("what they did not write is left out and logged, and the others are seen", async () => {
    for (const layout of [kratosLayout, goMicroLayout, etcdNamingLayout, goZeroLayout]) {
      const prefix = `/suite/${++prefixes}`;
      const values = ["", "{", "[]", "null", "7", '{"nodes":7}', '{"nodes":[null]}', '{"Addr":7}', "no address"];
      for (const [index, value] of values.entries()) await server.ctl("put", `${prefix}/orders/bad-${index}`, value);
      const logger = recordingLogger();
      const registry = open(layout, prefix, logger);
      await registry.register(instance("orders-1"));
      await new Follower(registry, "orders").untilIds("orders-1");
      const complaints = logger.lines.filter(({ message }) => message === "left out of the registry");
      expect(complaints).toHaveLength(values.length);
    }
  });

  test.each([goMicroLayout, etcdNamingLayout, goZeroLayout])(
    "$name keeps addresses only, and refuses an instance without one at once",
    async (layout) => {
      const registry = open(layout, `/suite/${++prefixes}`);
      const refused = registry.register(instance("orders-1", { endpoints: [] }), {
        timeoutMs: Number.POSITIVE_INFINITY,
      });
      await expect(refused).rejects.toBeInstanceOf(TypeError);
      await expect(refused).rejects.toThrow(/has no endpoint/);
      const registration = await registry.register(instance("orders-1"));
      await expect(registration.update(instance("orders-1", { endpoints: [] }))).rejects.toBeInstanceOf(TypeError);
    },
  );
});

describe("what other frameworks read", () => {
  async function written(layout: EtcdLayout): Promise<{ readonly key: string; readonly value: string }> {
    const prefix = `/suite/${++prefixes}`;
    await open(layout, prefix).register(instance("orders-1", { metadata: { team: "checkout" }, weight: 20 }));
    const [key = "", ...value] = (await server.ctl("get", "--prefix", prefix)).split("\n");
    return { key: key.slice(prefix.length), value: value.join("\n") };
  }
  const [address] = instance("orders-1").endpoints.map((endpoint) => endpoint.replace("grpc://", ""));

  test("Kratos: an instance with its endpoints as URLs, and its weight among the labels", async () => {
    const { key, value } = await written(kratosLayout);
    expect(key).toBe("/orders/orders-1");
    expect(JSON.parse(value)).toMatchObject({
      id: "orders-1",
      name: "orders",
      version: "1.0.0",
      metadata: { team: "checkout", weight: "20" },
      endpoints: [`grpc://${address}`],
    });
  });

  test("go-micro: a service of one node that speaks grpc", async () => {
    const { key, value } = await written(goMicroLayout);
    expect(key).toBe("/orders/orders-1");
    const node = { id: "orders-1", address, metadata: { protocol: "grpc", transport: "grpc", team: "checkout" } };
    expect(JSON.parse(value)).toMatchObject({ name: "orders", version: "1.0.0", nodes: [node] });
  });

  test("etcd's naming: an address to add", async () => {
    const { value } = await written(etcdNamingLayout);
    expect(JSON.parse(value)).toMatchObject({ Op: 0, Addr: address, Metadata: { team: "checkout" } });
  });

  test("go-zero: the address", async () => {
    expect((await written(goZeroLayout)).value).toBe(address);
  });
});

test.each([hawserLayout, kratosLayout, goMicroLayout, etcdNamingLayout, goZeroLayout])(
  "a prefix of $name that ends with a slash is refused",
  (layout) => {
    expect(() => layout("/prod/")).toThrow(/prefix is "\/prod\/"; it must not end with/);
  },
);

test("without a prefix every key of etcd is listed", () => {
  expect(goZeroLayout().everything()).toEqual({ key: Buffer.of(0), range_end: Buffer.of(0) });
  expect(etcdNamingLayout().service("orders").key.toString()).toBe("orders/");
});
