import { afterEach, describe, expect, test, vi } from "vitest";
import { Code } from "../../src/errors/errors.js";
import type { KeyRange } from "../../src/registry/etcd/api.js";
import { EtcdConnection } from "../../src/registry/etcd/connection/connection.js";
import { type EtcdRegistryOptions, etcdRegistry } from "../../src/registry/etcd/etcd.js";
import { hawserLayout } from "../../src/registry/etcd/layouts/hawser.js";
import { resolveEtcdOptions } from "../../src/registry/etcd/options.js";
import { RangeWatch } from "../../src/registry/etcd/watch/range-watch.js";
import { WatchHub } from "../../src/registry/etcd/watch/watch-hub.js";
import type { Registry } from "../../src/registry/registry.js";
import { instance } from "../conformance/registry.js";
import { EtcdServer } from "../support/etcd.js";
import { eventually } from "../support/eventually.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startEtcd(): Promise<EtcdServer> {
  const server = await EtcdServer.start();
  cleanups.push(() => server.stop());
  return server;
}

/** Does not wait between tries, so that a test need not either. */
function open(server: EtcdServer, options: Partial<EtcdRegistryOptions> = {}): Registry {
  const registry = etcdRegistry({ hosts: server.endpoint, random: () => 0, ...options });
  cleanups.push(() => registry.close());
  return registry;
}

const prefix = "/hawser/instances";

describe("what etcd holds", () => {
  test("an instance is proto3 JSON under <prefix>/<service>/<id>, so that etcdctl get can be read", async () => {
    const server = await startEtcd();
    await open(server).register(instance("orders-1", { zone: "a", metadata: { team: "checkout" } }));
    const printed = await server.ctl("get", "--print-value-only", `${prefix}/orders/orders-1`);
    expect(JSON.parse(printed)).toEqual({
      id: "orders-1",
      service: "orders",
      version: "1.0.0",
      endpoints: [...instance("orders-1").endpoints],
      contracts: ["shop.v1.OrdersService"],
      metadata: { team: "checkout" },
      weight: 100,
      zone: "a",
      state: "STATE_SERVING",
      startedAt: "2026-02-03T04:05:06.789Z",
    });
  });

  test("what etcdctl puts there is an instance like any other, with defaults for what it leaves out", async () => {
    const server = await startEtcd();
    await server.ctl("put", `${prefix}/orders/by-hand`, '{"id":"by-hand","service":"orders"}');
    const { instances } = await new Follower(open(server), "orders").untilIds("by-hand");
    expect(instances[0]).toMatchObject({ weight: 100, state: "serving", endpoints: [], startedAt: new Date(0) });
  });

  test("values that are no instance are left out and logged once, and the others are seen", async () => {
    const server = await startEtcd();
    const logger = recordingLogger();
    const registry = open(server, { logger });
    await server.ctl("put", `${prefix}/orders/broken`, "{");
    await server.ctl("put", `${prefix}/orders/moved`, '{"id":"elsewhere","service":"orders"}');
    await server.ctl("put", `${prefix}/orders/newer`, '{"id":"newer","service":"orders","state":"STATE_ASLEEP"}');
    await server.ctl("put", `${prefix}/orders/heavy`, '{"id":"heavy","service":"orders","weight":"lead"}');
    const orders = new Follower(registry, "orders");
    await orders.untilIds();
    await registry.register(instance("orders-1"));
    await orders.untilIds("orders-1");
    expect(await registry.list()).toEqual([{ name: "orders", versions: ["1.0.0"], instances: 1 }]);
    const complaints = logger.lines.filter(({ message }) => message === "left out of the registry");
    expect(complaints.map(({ fields }) => /^[^:]+/.exec(String(fields["reason"]))?.[0])).toEqual(
      ["broken", "heavy", "moved", "newer"].map((id) => `${prefix}/orders/${id}`),
    );
  });

  test("a registry holds one lease however much it registers, and none once nothing is registered", async () => {
    const server = await startEtcd();
    const registry = open(server);
    expect(await server.leases()).toHaveLength(0);
    const ids = Array.from({ length: 10 }, (_, index) => `orders-${index}`);
    const registrations = await Promise.all(ids.map((id) => registry.register(instance(id))));
    expect(await server.leases()).toHaveLength(1);
    await Promise.all(registrations.map((each) => each.close()));
    expect(await server.leases()).toHaveLength(0);
  });

  test("a closed registry leaves neither key nor lease", async () => {
    const server = await startEtcd();
    const registry = open(server);
    await registry.register(instance("orders-1"));
    await registry.register(instance("orders-2"));
    await registry.close();
    expect(await server.ctl("get", "--prefix", "")).toBe("");
    expect(await server.leases()).toHaveLength(0);
  });

  test("however many watch a service through one registry, etcd sees one watch", async () => {
    const server = await startEtcd();
    const registry = open(server);
    const followers = [1, 2, 3, 4, 5].map(() => new Follower(registry, "orders"));
    await Promise.all(followers.map((each) => each.untilIds()));
    await server.ctl("put", `${prefix}/orders/by-hand`, '{"id":"by-hand","service":"orders"}');
    await Promise.all(followers.map((each) => each.untilIds("by-hand")));
    expect(await server.metric("etcd_debugging_mvcc_watcher_total")).toBe(1);
    await Promise.all(followers.map((each) => each.close()));
    await eventually(async () => expect(await server.metric("etcd_debugging_mvcc_watcher_total")).toBe(0));
  });

  test("an id that another process has taken over stays with it", async () => {
    const server = await startEtcd();
    const first = await open(server).register(instance("orders-1", { version: "1.0.0" }));
    const second = open(server);
    await second.register(instance("orders-1", { version: "2.0.0" }));
    await first.close();
    expect(await second.list()).toEqual([{ name: "orders", versions: ["2.0.0"], instances: 1 }]);
  });

  test("an update that changes nothing is not written", async () => {
    const server = await startEtcd();
    const registration = await open(server).register(instance("orders-1"));
    const before = await server.get(`${prefix}/orders/orders-1`);
    await registration.update(instance("orders-1"));
    expect(await server.get(`${prefix}/orders/orders-1`)).toEqual(before);
  });
});

describe("what etcd does to a registration", () => {
  test("an instance that closed is not put back by the watch on its own key", async () => {
    const server = await startEtcd();
    const registry = open(server);
    const leaving = await registry.register(instance("orders-1"));
    await registry.register(instance("orders-2"));
    await server.ctl("del", `${prefix}/orders/orders-1`);
    await leaving.close();
    await new Follower(open(server), "orders").untilIds("orders-2");
    expect(await server.ctl("get", "--keys-only", `${prefix}/orders/orders-1`)).toBe("");
  });

  test("a lease revoked by hand is granted anew and everything registered again", async () => {
    const server = await startEtcd();
    const registry = open(server);
    await registry.register(instance("orders-1"));
    await registry.register(instance("orders-2"));
    const [lease] = await server.leases();
    await server.ctl("lease", "revoke", lease!);
    await eventually(async () => {
      const [granted] = await server.leases();
      expect([lease, undefined]).not.toContain(granted);
      for (const id of ["orders-1", "orders-2"]) {
        expect((await server.get(`${prefix}/orders/${id}`))?.lease.toString(16).padStart(16, "0")).toBe(granted);
      }
    });
  });

  test("killed and restarted on its data: the last set stays, stale meanwhile, and everything is registered after", async () => {
    const server = await startEtcd();
    const registration = await open(server).register(instance("orders-1"));
    const watching = open(server);
    const orders = new Follower(watching, "orders");
    const before = await orders.untilIds("orders-1");
    await server.kill();
    expect(await orders.until(({ stale }) => stale)).toEqual({ ...before, stale: true });
    await server.restart();
    expect(await orders.until(({ stale }) => !stale)).toEqual(before);
    await eventually(() => expect(registration.state).toBe("registered"));
    await watching.register(instance("orders-2"));
    await orders.untilIds("orders-1", "orders-2");
  });

  test("killed and restarted with its data lost: everybody registers again", async () => {
    const server = await startEtcd();
    const registry = open(server);
    await Promise.all(["orders-1", "orders-2"].map((id) => registry.register(instance(id))));
    const orders = new Follower(open(server), "orders");
    await orders.untilIds("orders-1", "orders-2");
    await server.kill();
    await orders.until(({ stale }) => stale);
    await server.restart({ empty: true });
    await orders.until(({ stale, instances }) => !stale && instances.length === 2);
  });

  test("frozen for longer than the lease: the registration says lost, and is registered again after", async () => {
    const server = await startEtcd();
    const registration = await open(server, { ttlMs: 1_000, requestTimeoutMs: 300 }).register(instance("orders-1"));
    server.pause();
    await vi.waitFor(() => expect(registration.state).toBe("lost"), { timeout: 10_000 });
    server.resume();
    await vi.waitFor(() => expect(registration.state).toBe("registered"), { timeout: 10_000 });
    await new Follower(open(server), "orders").untilIds("orders-1");
  });

  test("an update while etcd is away is refused at once, and published once it is back", async () => {
    const server = await startEtcd();
    const registration = await open(server, { ttlMs: 1_000 }).register(instance("orders-1"));
    await server.kill();
    await expect(registration.update(instance("orders-1", { state: "draining" }))).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringMatching(/"orders-1" could not be updated now/),
    });
    await server.restart();
    await new Follower(open(server), "orders").until(({ instances }) => instances[0]?.state === "draining");
  });

  test("a registration that came too late leaves nothing behind once etcd answers again", async () => {
    const server = await startEtcd();
    const registry = open(server, { requestTimeoutMs: 2_000 });
    await registry.register(instance("orders-1"));
    server.pause();
    const late = registry.register(instance("orders-2"), { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    server.resume();
    await registry.close();
    await new Follower(open(server), "orders").untilIds();
    expect(await server.leases()).toHaveLength(0);
  });
});

describe("what etcd does to a watch", () => {
  test("a watch whose start has been compacted lists again and misses nothing", async () => {
    const server = await startEtcd();
    await server.ctl("put", `${prefix}/orders/a`, "1");
    const connection = new HistoryForgotten(server);
    cleanups.push(() => connection.close());
    const logger = recordingLogger();
    const options = resolveEtcdOptions({ hosts: server.endpoint, random: () => 0, logger });
    const sets: string[] = [];
    const seen = new Promise<void>((resolve) => {
      const changed = (entries: ReadonlyMap<string, unknown>) => {
        sets.push([...entries.keys()].map((key) => key.slice(-1)).join(""));
        if (sets.at(-1) === "bcd") resolve();
      };
      const watch = new RangeWatch({
        api: connection,
        hub: new WatchHub(connection, options),
        options,
        range: hawserLayout(prefix).service("orders"),
        observer: { changed, away() {} },
        what: "watch of orders",
      });
      cleanups.push(() => watch.close());
      watch.start();
    });
    await connection.relisted;
    await server.ctl("put", `${prefix}/orders/d`, "4");
    await seen;
    expect(sets).toEqual(["a", "bc", "bcd"]);
    const warnings = logger.lines.filter(({ level }) => level === "warn");
    expect(warnings.map(({ fields }) => String(fields["err"]))).toEqual([expect.stringContaining("compacted")]);
  });

  test("compaction under a running watch loses nothing", async () => {
    const server = await startEtcd();
    const registry = open(server);
    const orders = new Follower(registry, "orders");
    const registration = await registry.register(instance("orders-1"));
    for (let weight = 1; weight <= 5; weight++) await registration.update(instance("orders-1", { weight }));
    await server.ctl("compact", String((await server.get(`${prefix}/orders/orders-1`))?.mod_revision));
    await registration.update(instance("orders-1", { weight: 99 }));
    await orders.until(({ instances }) => instances[0]?.weight === 99);
  });
});

/** Between the first list and the watch from there, keys change and etcd forgets how. */
class HistoryForgotten extends EtcdConnection {
  readonly relisted: Promise<void>;
  readonly #server: EtcdServer;
  #lists = 0;
  #relisted: () => void = () => {};

  constructor(server: EtcdServer) {
    super(resolveEtcdOptions({ hosts: server.endpoint }));
    this.#server = server;
    this.relisted = new Promise((resolve) => {
      this.#relisted = resolve;
    });
  }

  override async range(range: KeyRange): ReturnType<EtcdConnection["range"]> {
    const answer = await super.range(range);
    this.#lists += 1;
    if (this.#lists === 2) this.#relisted();
    if (this.#lists > 1) return answer;
    await this.#server.ctl("del", `${prefix}/orders/a`);
    await this.#server.ctl("put", `${prefix}/orders/b`, "2");
    await this.#server.ctl("put", `${prefix}/orders/c`, "3");
    await this.#server.ctl("compact", String(BigInt(answer.header.revision) + 3n));
    return answer;
  }
}
