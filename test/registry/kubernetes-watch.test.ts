import type { ServerResponse } from "node:http";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { RegistryEvent } from "../../src/contract/contract.js";
import { type KubernetesRegistryOptions, kubernetesRegistry } from "../../src/registry/kubernetes/kubernetes.js";
import type { Registry } from "../../src/registry/registry.js";
import { pod, slice } from "../support/endpoint-slices.js";
import { eventually } from "../support/eventually.js";
import { FakeKubernetesApi } from "../support/fake-kubernetes-api.js";
import { ManualClock } from "../support/manual-clock.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startApi(): Promise<FakeKubernetesApi> {
  const api = await FakeKubernetesApi.start();
  cleanups.push(() => api.close());
  return api;
}

/** Does not wait between tries, so that a test need not either. */
function open(server: string, options: Partial<KubernetesRegistryOptions> = {}): Registry {
  const registry = kubernetesRegistry({ server, random: () => 0, ...options });
  cleanups.push(() => registry.close());
  return registry;
}

function verbs(api: FakeKubernetesApi): readonly string[] {
  return api.requests.map(({ verb }) => verb);
}

const [orders1, orders2] = [pod("orders-1", "10.0.0.1"), pod("orders-2", "10.0.0.2")];

describe("list and watch", () => {
  test("a long list comes in pages of one moment, and the watch goes on from there", async () => {
    const api = await startApi();
    const ids = ["orders-1", "orders-2", "orders-3", "orders-4", "orders-5"];
    for (const [index, id] of ids.entries()) api.put(slice(id, [pod(id, `10.0.0.${index + 1}`)]));
    await new Follower(open(api.url, { pageSize: 2 }), "orders").untilIds(...ids);
    const pages = api.requests.filter(({ verb }) => verb === "list").map(({ query }) => query);
    expect(pages.map((query) => query.get("limit"))).toEqual(["2", "2", "2"]);
    expect(pages.map((query) => query.has("continue"))).toEqual([false, true, true]);
    expect(pages[0]!.get("labelSelector")).toBe("kubernetes.io/service-name=orders");
    await eventually(() => expect(api.watching).toBe(1));
    expect(Object.fromEntries(api.requests.at(-1)!.query)).toEqual({
      watch: "1",
      labelSelector: "kubernetes.io/service-name=orders",
      resourceVersion: "105",
      allowWatchBookmarks: "true",
      timeoutSeconds: "300",
    });
  });

  test("a page that the server has forgotten makes it ask for the whole list at once", async () => {
    const api = await startApi();
    for (const id of ["orders-1", "orders-2", "orders-3"]) api.put(slice(id, [pod(id, "10.0.0.1")]));
    let lists = 0;
    api.intercept = () => {
      lists += 1;
      if (lists === 2) api.compact();
      return false;
    };
    await new Follower(open(api.url, { pageSize: 1 }), "orders").untilIds("orders-1", "orders-2", "orders-3");
    expect(api.requests[2]!.query.has("limit")).toBe(false);
  });

  test("what happens between the list and the watch is not missed", async () => {
    const api = await startApi();
    api.put(slice("orders-a", [orders1]));
    api.intercept = ({ url }) => {
      if (url!.includes("watch=1") && api.requests.length === 2) api.put(slice("orders-b", [orders2]));
      return false;
    };
    await new Follower(open(api.url), "orders").untilIds("orders-1", "orders-2");
    expect(verbs(api)).toEqual(["list", "watch"]);
  });

  test("a watch that the server ends in good time goes on from where it stood, and nobody is told", async () => {
    const [api, clock, logger] = [await startApi(), new ManualClock(), recordingLogger()];
    const events: RegistryEvent[] = [];
    const orders = new Follower(open(api.url, { clock, logger, monitor: (event) => events.push(event) }), "orders");
    await orders.untilIds();
    await eventually(() => expect(api.watching).toBe(1));
    api.put(slice("orders-a", [orders1]));
    await orders.untilIds("orders-1");
    api.endWatches();
    await eventually(() => expect(verbs(api)).toEqual(["list", "watch", "watch"]));
    expect(api.requests.at(-1)!.query.get("resourceVersion")).toBe("101");
    api.put(slice("orders-b", [orders2]));
    await orders.untilIds("orders-1", "orders-2");
    expect(orders.snapshots.some(({ stale }) => stale)).toBe(false);
    expect(logger.lines).toEqual([]);
    expect(events.filter(({ type }) => type === "watch-restart")).toEqual([]);
  });

  test("a bookmark says how far the watch is, and that what is known is right", async () => {
    const api = await startApi();
    const events: RegistryEvent[] = [];
    const orders = new Follower(open(api.url, { monitor: (event) => events.push(event) }), "orders");
    await orders.untilIds();
    await eventually(() => expect(api.watching).toBe(1));
    const confirmed = () => events.filter(({ type }) => type === "confirmed").length;
    const before = confirmed();
    api.pass(900);
    api.bookmark();
    await eventually(() => expect(confirmed()).toBe(before + 1));
    api.compact();
    api.endWatches();
    await eventually(() => expect(verbs(api)).toEqual(["list", "watch", "watch"]));
    expect(api.requests.at(-1)!.query.get("resourceVersion")).toBe("1000");
    await eventually(() => expect(api.watching).toBe(1));
  });

  test("a link that is cut costs nobody anything", async () => {
    const api = await startApi();
    api.put(slice("orders-a", [orders1]));
    const orders = new Follower(open(api.url), "orders");
    await orders.untilIds("orders-1");
    await eventually(() => expect(api.watching).toBe(1));
    for (let round = 1; round <= 3; round++) {
      api.cutWatches();
      await eventually(() => expect(verbs(api)).toHaveLength(2 + round));
      await eventually(() => expect(api.watching).toBe(1));
    }
    api.put(slice("orders-b", [orders2]));
    await orders.untilIds("orders-1", "orders-2");
    expect(orders.snapshots.map(({ stale }) => stale)).toEqual([false, false]);
    expect(verbs(api)).toEqual(["list", "watch", "watch", "watch", "watch"]);
  });

  test("what came in pieces, between characters and between lines, is read as what it was", async () => {
    const api = await startApi();
    const orders = new Follower(open(api.url), "orders");
    await orders.untilIds();
    await eventually(() => expect(api.watching).toBe(1));
    const object = slice("orders-a", [pod("orders-1", "10.0.0.1", { zone: "zürich-ö" })]);
    const bytes = Buffer.from(`${JSON.stringify({ type: "ADDED", object })}\n\n`);
    for (const byte of bytes) {
      api.sayRaw(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await orders.untilIds("orders-1")).instances[0]!.zone).toBe("zürich-ö");
  });

  test("each service has one watch, however many ask; a name with a namespace is looked for there", async () => {
    const api = await startApi();
    api.put(slice("orders-a", [orders1], { namespace: "prod" }));
    const registry = open(api.url, { labelSelector: "track=stable" });
    const followers = Array.from({ length: 20 }, () => new Follower(registry, "orders.prod"));
    for (const follower of followers) await follower.untilIds();
    await eventually(() => expect(verbs(api)).toEqual(["list", "watch"]));
    expect(api.requests[0]!.path).toBe("/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices");
    expect(api.requests[0]!.query.get("labelSelector")).toBe("kubernetes.io/service-name=orders,track=stable");
    api.put(slice("orders-b", [orders2], { namespace: "prod", labels: { track: "stable" } }));
    for (const follower of followers) await follower.untilIds("orders-2");
    for (const follower of followers) await follower.close();
    await eventually(() => expect(api.watching).toBe(0));
  });
});

describe("what the server has forgotten is listed anew", () => {
  const forgetful: [string, (api: FakeKubernetesApi) => void][] = [
    ["410 as an answer", (api) => api.endWatches()],
    [
      "410 as an event",
      (api) => {
        const status = { kind: "Status", status: "Failure", reason: "Expired", code: 410, message: "too old" };
        api.say({ type: "ERROR", object: status });
      },
    ],
  ];

  test.each(forgetful)("%s: who came and who left meanwhile are seen, in one step", async (_how, end) => {
    const [api, logger] = [await startApi(), recordingLogger()];
    const clock = new ManualClock();
    api.put(slice("orders-a", [orders1]));
    const orders = new Follower(open(api.url, { logger, clock }), "orders");
    await orders.untilIds("orders-1");
    await eventually(() => expect(api.watching).toBe(1));
    api.bookmark();
    api.deafen();
    api.put(slice("orders-b", [orders2]));
    api.delete("orders-a");
    api.compact();
    end(api);
    await orders.untilIds("orders-2");
    expect(orders.snapshots.map(({ instances }) => instances.map(({ id }) => id).join())).toEqual([
      "orders-1",
      "orders-2",
    ]);
    expect(orders.snapshots.some(({ stale }) => stale)).toBe(false);
    await eventually(() => expect(api.watching).toBe(1));
  });

  test("a server that forgets at once is not asked in a hurry", async () => {
    const [api, clock, logger] = [await startApi(), new ManualClock(), recordingLogger()];
    api.put(slice("orders-a", [orders1]));
    api.intercept = ({ url }) => {
      if (url!.includes("watch=1")) {
        api.pass(1);
        api.compact();
      }
      return false;
    };
    const orders = new Follower(open(api.url, { clock, logger, random: () => 0.5 }), "orders");
    await orders.untilIds("orders-1");
    await eventually(() => expect(logger.lines).toHaveLength(1));
    expect(logger.lines[0]!.fields).toMatchObject({ waitMs: 400 });
    expect(verbs(api)).toEqual(["list", "watch"]);
    api.intercept = () => false;
    await clock.run(400);
    await eventually(() => expect(api.watching).toBe(1));
    expect(verbs(api)).toEqual(["list", "watch", "list", "watch"]);
  });

  test("an event of another error, and a line that is no JSON, make it list anew", async () => {
    const api = await startApi();
    const orders = new Follower(open(api.url), "orders");
    await orders.untilIds();
    for (const [round, line] of [
      '{"type":"ERROR","object":{"code":500,"message":"etcd is away"}}\n',
      "{{{\n",
    ].entries()) {
      await eventually(() => expect(api.watching).toBe(1));
      api.bookmark();
      api.sayRaw(line);
      await eventually(() => expect(verbs(api).filter((verb) => verb === "list")).toHaveLength(2 + round));
    }
    await eventually(() => expect(api.watching).toBe(1));
    api.put(slice("orders-a", [orders1]));
    await orders.untilIds("orders-1");
  });
});

describe("nobody is lost", () => {
  test("that nobody is left is believed when a list says so", async () => {
    const api = await startApi();
    api.put(slice("orders-a", [orders1]));
    const orders = new Follower(open(api.url), "orders");
    await orders.untilIds("orders-1");
    await eventually(() => expect(api.watching).toBe(1));
    api.say({ type: "DELETED", object: slice("orders-a", []) });
    await eventually(() => expect(verbs(api)).toEqual(["list", "watch", "list", "watch"]));
    expect(orders.snapshots).toHaveLength(1);
    await eventually(() => expect(api.watching).toBe(1));
    api.delete("orders-a");
    await orders.untilIds();
    expect(verbs(api).slice(0, 5)).toEqual(["list", "watch", "list", "watch", "list"]);
  });

  test("while the server is away everybody stays, stale, and who is missing then is believed in for a while", async () => {
    const [api, clock] = [await startApi(), new ManualClock()];
    const events: RegistryEvent[] = [];
    const monitor = (event: RegistryEvent) => events.push(event);
    const road = await TcpProxy.to(api.url);
    cleanups.push(() => road.close());
    api.put(slice("orders-a", [orders1, orders2]));
    const registry = open(road.addressFor(api.url), { clock, monitor, random: () => 0.5 });
    const orders = new Follower(registry, "orders");
    const before = await orders.untilIds("orders-1", "orders-2");
    await eventually(() => expect(api.watching).toBe(1));
    // The watchdog is the one timer of a watch that stands.
    await eventually(() => expect(clock.nextMs).toBe(90_000));

    road.refuse();
    await eventually(() => expect(clock.nextMs).toBe(400));
    expect(orders.snapshots).toHaveLength(1);
    await clock.run(400);
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    await eventually(() => expect(clock.nextMs).toBe(800));

    api.put(slice("orders-a", [orders2]));
    road.admit();
    await clock.run(800);
    await eventually(() => expect(events.some(({ type }) => type === "changes")).toBe(true));
    await clock.run(9_999);
    expect(orders.snapshots.at(-1)).toMatchObject({ stale: true, instances: [{ id: "orders-1" }, { id: "orders-2" }] });
    await clock.run(1);
    expect(orders.snapshots.at(-1)).toMatchObject({ stale: false, instances: [{ id: "orders-2" }] });
    expect(verbs(api)).toEqual(["list", "watch", "watch"]);
  });

  test("a server that is away when it is first asked is asked again, longer apart each time", async () => {
    const [clock, logger] = [new ManualClock(), recordingLogger()];
    const orders = new Follower(open("http://127.0.0.1:1", { clock, logger, random: () => 0.999999 }), "orders");
    const waits = () => logger.lines.flatMap(({ fields }) => fields["waitMs"] ?? []);
    for (let tries = 1; tries <= 8; tries++) {
      await eventually(() => expect(waits()).toHaveLength(tries));
      await clock.run(waits().at(-1) as number);
    }
    expect(waits().slice(0, 8)).toEqual([800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    expect(orders.snapshots).toEqual([]);
  });

  test("a server that ends every watch at once is not asked in a hurry", async () => {
    const [api, clock, logger] = [await startApi(), new ManualClock(), recordingLogger()];
    api.intercept = ({ url }, response) => {
      if (!url!.includes("watch=1")) return false;
      response.end();
      return true;
    };
    const orders = new Follower(open(api.url, { clock, logger, random: () => 0.5 }), "orders");
    await orders.untilIds();
    for (const [tries, waitMs] of [400, 800, 1_600].entries()) {
      const warned = () => logger.lines.flatMap(({ fields }) => fields["waitMs"] ?? []);
      await eventually(() => expect(warned()).toHaveLength(1 + tries));
      expect(warned().at(-1)).toBe(waitMs);
      expect(verbs(api)).toHaveLength(2 + tries);
      await clock.run(waitMs);
    }
  });

  test("a road that ends every connection after a minute does not make it wait longer each time", async () => {
    const [api, clock, logger] = [await startApi(), new ManualClock(), recordingLogger()];
    const orders = new Follower(open(api.url, { clock, logger, random: () => 0.5 }), "orders");
    await orders.untilIds();
    const waits = () => logger.lines.flatMap(({ fields }) => fields["waitMs"] ?? []);
    for (let cuts = 1; cuts <= 5; cuts++) {
      await eventually(() => expect([api.watching, clock.nextMs]).toEqual([1, 90_000]));
      await clock.run(60_000);
      api.cutWatches();
      await eventually(() => expect(waits()).toHaveLength(cuts));
      await clock.run(400);
    }
    expect(waits()).toEqual([400, 400, 400, 400, 400]);
    expect(orders.snapshots).toHaveLength(1);
  });

  test("a watch that says nothing, not even a bookmark, is taken for dead and opened anew", async () => {
    const [api, clock] = [await startApi(), new ManualClock()];
    const orders = new Follower(open(api.url, { clock }), "orders");
    await orders.untilIds();
    await eventually(() => expect(clock.nextMs).toBe(90_000));
    await clock.run(60_000);
    api.bookmark();
    await eventually(() => expect(clock.nextMs).toBe(90_000));
    await clock.run(89_999);
    expect(verbs(api)).toEqual(["list", "watch"]);
    await clock.run(1);
    await eventually(() => {
      clock.advance(0);
      expect(verbs(api)).toEqual(["list", "watch", "watch"]);
    });
    expect(orders.snapshots).toHaveLength(1);
  });

  const halves: [string, string, RegExp][] = [
    ["does not begin", "", /no answer within 10000 ms/],
    ["does not end", "{", /the answer did not end within 10000 ms/],
  ];

  test.each(halves)("an answer that %s is given up", async (_what, begun, message) => {
    const [api, clock] = [await startApi(), new ManualClock()];
    const asked = new Promise<ServerResponse>((resolve) => {
      api.intercept = (_request, response) => {
        resolve(response);
        return true;
      };
    });
    const refused = expect(open(api.url, { clock }).list()).rejects.toThrow(message);
    const response = await asked;
    clock.advance(1);
    if (begun !== "") response.write(begun);
    // What begins has as long again to end.
    await eventually(() => expect(clock.nextMs).toBe(begun === "" ? 9_999 : 10_000));
    clock.advance(10_000);
    await refused;
    expect(clock.pending).toBe(0);
  });

  test("a closed registry leaves no timer, no watch and no connection", async () => {
    const [api, clock] = [await startApi(), new ManualClock()];
    const registry = open(api.url, { clock });
    await new Follower(registry, "orders").untilIds();
    await eventually(() => expect(api.watching).toBe(1));
    await registry.close();
    await eventually(() => expect(api.watching).toBe(0));
    expect(clock.pending).toBe(0);
    await eventually(async () => expect(await api.connections()).toBe(0));
  });
});

describe("whatever happens", () => {
  const events = {
    bookmark: (api: FakeKubernetesApi) => api.bookmark(),
    "others' changes": (api: FakeKubernetesApi) => api.pass(7),
    timeout: (api: FakeKubernetesApi) => api.endWatches(),
    cut: (api: FakeKubernetesApi) => api.cutWatches(),
    "410 as an event": (api: FakeKubernetesApi) => api.say({ type: "ERROR", object: { code: 410 } }),
    compaction: (api: FakeKubernetesApi) => api.compact(),
    silence: (api: FakeKubernetesApi) => api.deafen(),
    garbage: (api: FakeKubernetesApi) => api.sayRaw("{]\n"),
  };
  const step = fc.oneof(
    fc.record({ pod: fc.integer({ min: 0, max: 4 }), zone: fc.constantFrom("a", "b", undefined) }),
    fc.constantFrom(...(Object.keys(events) as (keyof typeof events)[])),
  );

  test("in the end the set is the cluster's, and it never was empty where the cluster's was not", async () => {
    const story = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      await using api = await FakeKubernetesApi.start();
      await using registry = kubernetesRegistry({ server: api.url, random: () => 0, settleMs: 0, pageSize: 2 });
      api.put(slice("steady", [pod("steady", "10.0.0.1")]));
      const orders = new Follower(registry, "orders");
      await orders.untilIds("steady");
      const there = new Map<string, string>();
      for (const each of steps) {
        if (typeof each === "string") {
          events[each](api);
        } else {
          const [id, { zone }] = [`orders-${each.pod}`, each];
          if (zone !== undefined) api.put(slice(id, [pod(id, "10.0.0.1", { zone })]));
          else if (there.has(id)) api.delete(id);
          if (zone === undefined) there.delete(id);
          else there.set(id, zone);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      api.cutWatches();
      const expected = [...there].map(([id, zone]) => `${id} in ${zone}`).sort();
      await orders.until(({ instances }) => {
        const seen = instances.filter(({ id }) => id !== "steady").map(({ id, zone }) => `${id} in ${zone}`);
        return seen.join() === expected.join();
      });
      for (const { instances } of orders.snapshots) expect(instances.at(-1)?.id).toBe("steady");
    });
    const { SEED } = process.env;
    await fc.assert(story, { numRuns: 40, ...(SEED !== undefined && { seed: Number(SEED) }) });
  });
});
