import { AsyncLocalStorage } from "node:async_hooks";
import { isDeepStrictEqual } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import type { Instance, RegistryEvent, RegistryMonitor } from "../../src/contract/contract.js";
import { Code, RpcError } from "../../src/errors/errors.js";
import type {
  Registration,
  RegistrationState,
  Registry,
  RegistryCapabilities,
  Snapshot,
} from "../../src/registry/registry.js";
import { Follower } from "../registry/follower.js";

/** What a driver gives the suite. */
export interface RegistrySuiteOptions {
  readonly name: string;
  /** Makes a backend on which nobody is registered. @param monitor is told what its registries do */
  readonly make: (monitor: RegistryMonitor) => Promise<RegistryBackend>;
  readonly capabilities: RegistryCapabilities & {
    /** Each `open()` is a participant of its own, as another process would be. */
    readonly distributed: boolean;
  };
  /** A registry whose backend does not answer, and how its errors name that backend. */
  readonly unreachable?: { readonly open: () => Registry; readonly named: string };
  /** Whether its backends have `goAway()` and `comeBack()`. Default: false. */
  readonly outages?: boolean;
  /** Cases the driver leaves out, each with the reason. */
  readonly skip?: { readonly [caseName: string]: string };
}

export interface RegistryBackend {
  open(): Registry;
  close(): Promise<void>;
  /** Answers nobody any more. */
  goAway?(): Promise<void>;
  /** Answers again, whether or not it still knows who was registered. */
  comeBack?(): Promise<void>;
  /** How others than Hawser enter an instance, where `register()` cannot. Default: by `register()`. */
  enter?(instance: Instance): Promise<Entry>;
  /** The instance as this driver reads it, where the backend cannot say all of it. Default: as it was entered. */
  seenAs?(instance: Instance): Instance;
}

/** What somebody has entered and may change. */
export interface Entry {
  update(instance: Instance): Promise<void>;
  close(): Promise<void>;
}

export function instance(id: string, changes: Partial<Instance> = {}): Instance {
  return {
    id,
    service: "orders",
    version: "1.0.0",
    endpoints: [`grpc://127.0.0.1:${portOf(id)}`],
    contracts: ["shop.v1.OrdersService"],
    metadata: {},
    weight: 100,
    zone: "",
    state: "serving",
    startedAt: new Date("2026-02-03T04:05:06.789Z"),
    ...changes,
  };
}

/** Another for each id. */
function portOf(id: string): number {
  return 10_000 + ([...id].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 50_000, 7) as number);
}

/** As `orders-1` is after it was started anew, at another address. */
const restarted: Instance = instance("orders-1", {
  endpoints: ["grpc://127.0.0.1:9999"],
  startedAt: new Date("2026-02-03T05:00:00Z"),
});

function isAt({ endpoints }: Instance): (snapshot: Snapshot) => boolean {
  return ({ instances }) => instances.some((each) => isDeepStrictEqual(each.endpoints, endpoints));
}

/** Resolves once the registration is in the state. */
async function untilState(registration: Registration, wanted: RegistrationState): Promise<void> {
  if (registration.state === wanted) return;
  await new Promise<void>((resolve) => {
    registration.onState((state) => {
      if (state === wanted) resolve();
    });
  });
}

/** What every registry promises, whatever its backend. */
export function registrySuite(options: RegistrySuiteOptions): void {
  const { name, make, capabilities, unreachable, outages = false, skip = {} } = options;
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const backends = new WeakMap<Registry, RegistryBackend>();

  async function backend(monitor: RegistryMonitor = () => {}): Promise<RegistryBackend> {
    const made = await make(monitor);
    cleanups.push(() => made.close());
    const open = () => {
      const registry = made.open();
      backends.set(registry, made);
      cleanups.push(() => registry.close());
      return registry;
    };
    return { ...made, open };
  }

  async function registry(): Promise<Registry> {
    return (await backend()).open();
  }

  /** By whoever says who is alive there. */
  function enter(shared: Registry, entered: Instance): Promise<Entry> {
    return backends.get(shared)?.enter?.(entered) ?? shared.register(entered);
  }

  function seen(shared: Registry, entered: Instance): Instance {
    return backends.get(shared)?.seenAs?.(entered) ?? entered;
  }

  function follow(shared: Registry, service = "orders"): Follower {
    return new Follower(shared, service, (id) => seen(shared, instance(id, { service })).id);
  }

  const missing = {
    distributed: "there is only one participant",
    unreachable: "the backend is in this process",
    register: "others say who is there",
    outages: "the backend is in this process, or cannot be made to fail here",
  };

  const has: { readonly [Need in keyof typeof missing]: boolean } = {
    distributed: capabilities.distributed,
    register: capabilities.register,
    unreachable: unreachable !== undefined,
    outages,
  };

  function story(title: string, tell: () => Promise<void>, needs: readonly (keyof typeof missing)[] = []): void {
    const lacking = needs.find((need) => !has[need]);
    const reason = skip[title] ?? (lacking && missing[lacking]);
    if (reason === undefined) test(title, tell);
    else test.skip(`${title} (skipped: ${reason})`, tell);
  }

  describe(`${name} registry: watching`, () => {
    story("the first snapshot comes by itself, even where nobody is there", async () => {
      const orders = follow(await registry());
      expect(await orders.untilIds()).toEqual({ service: "orders", instances: [], stale: false });
    });

    story("a snapshot never comes before watch() has returned", async () => {
      const shared = await registry();
      await enter(shared, instance("orders-1"));
      let returned = false;
      const seen = new Promise<boolean>((resolve) => {
        shared.watch("orders", () => resolve(returned));
      });
      returned = true;
      expect(await seen).toBe(true);
    });

    story("every snapshot is the complete set, ordered by id", async () => {
      const shared = await registry();
      const orders = follow(shared);
      for (const id of ["orders-b", "orders-c", "orders-a"]) await enter(shared, instance(id));
      await orders.untilIds("orders-a", "orders-b", "orders-c");
      for (const { instances } of orders.snapshots) {
        expect(instances.map((each) => each.id)).toEqual(instances.map((each) => each.id).toSorted());
      }
    });

    story("an instance arrives as it was registered, field by field", async () => {
      const shared = await registry();
      const full = instance("orders-1", {
        version: "2.1.0-rc.1+build",
        endpoints: ["grpc://[::1]:50051", "http://10.0.0.1:80"],
        contracts: ["shop.v1.OrdersService", "grpc.health.v1.Health"],
        metadata: { team: "checkout", näme: "wört\n€", empty: "" },
        weight: 7,
        zone: "eu-west-1a",
        state: "starting",
      });
      await enter(shared, full);
      expect((await follow(shared).untilIds("orders-1")).instances).toEqual([seen(shared, full)]);
    });

    story("an instance with nothing in it but its name arrives so", async () => {
      const shared = await registry();
      const bare = instance("orders-1", { version: "", endpoints: [], contracts: [], startedAt: new Date(0) });
      await enter(shared, bare);
      expect((await follow(shared).untilIds("orders-1")).instances).toEqual([seen(shared, bare)]);
    });

    story("what is done to the object after register() changes nothing", async () => {
      const shared = await registry();
      const labels = { team: "checkout" };
      await enter(shared, instance("orders-1", { metadata: labels }));
      labels.team = "nobody";
      const { instances } = await follow(shared).untilIds("orders-1");
      expect(instances).toEqual([seen(shared, instance("orders-1", { metadata: { team: "checkout" } }))]);
    });

    story("no two snapshots in a row are equal", async () => {
      const shared = await registry();
      const orders = follow(shared);
      const registration = await enter(shared, instance("orders-1"));
      await orders.untilIds("orders-1");
      await registration.update(instance("orders-1"));
      await registration.update(instance("orders-1", { weight: 50 }));
      const heavier = seen(shared, instance("orders-1", { weight: 50 }));
      await orders.until(({ instances }) => isDeepStrictEqual(instances, [heavier]));
      for (const [index, snapshot] of orders.snapshots.entries()) {
        expect(snapshot).not.toEqual(orders.snapshots[index + 1]);
      }
    });

    story("two watchers are told the same, and a late one begins with what is known", async () => {
      const shared = await registry();
      const early = follow(shared);
      await enter(shared, instance("orders-1"));
      await early.untilIds("orders-1");
      const late = follow(shared);
      expect(await late.untilIds("orders-1")).toEqual(early.snapshots.at(-1));
      expect(late.snapshots).toHaveLength(1);
      await enter(shared, instance("orders-2"));
      expect(await late.untilIds("orders-1", "orders-2")).toEqual(await early.untilIds("orders-1", "orders-2"));
    });

    story("who leaves is not there any more, and the others are", async () => {
      const shared = await registry();
      const orders = follow(shared);
      const leaving = await enter(shared, instance("orders-1"));
      await enter(shared, instance("orders-2"));
      await orders.untilIds("orders-1", "orders-2");
      await leaving.close();
      await orders.untilIds("orders-2");
    });

    story("a closed watch is told nothing more, and the others go on", async () => {
      const shared = await registry();
      const leaving = follow(shared);
      const staying = follow(shared);
      await leaving.untilIds();
      await leaving.close();
      await leaving.close();
      const toldBefore = leaving.snapshots.length;
      await enter(shared, instance("orders-1"));
      await staying.untilIds("orders-1");
      expect(leaving.snapshots).toHaveLength(toldBefore);
    });

    story("a service can be watched again after its last watcher left", async () => {
      const shared = await registry();
      const first = follow(shared);
      await first.untilIds();
      await first.close();
      await enter(shared, instance("orders-1"));
      await follow(shared).untilIds("orders-1");
    });

    story("a watcher that throws does not disturb the others", async () => {
      const shared = await registry();
      shared.watch("orders", () => {
        throw new Error("not my day");
      });
      const orders = follow(shared);
      await enter(shared, instance("orders-1"));
      await orders.untilIds("orders-1");
    });

    story("a service is not taken for another whose name begins alike", async () => {
      const shared = await registry();
      await enter(shared, instance("orders-eu-1", { service: "orders-eu" }));
      await enter(shared, instance("orders-1"));
      await follow(shared).untilIds("orders-1");
      await follow(shared, "orders-eu").untilIds("orders-eu-1");
    });

    story("list() sums up every service by name", async () => {
      const shared = await registry();
      const versions = (...entered: string[]) => [
        ...new Set(entered.map((version) => seen(shared, instance("any", { version })).version)),
      ];
      expect(await shared.list()).toEqual([]);
      await enter(shared, instance("orders-1", { version: "2.0.0" }));
      await enter(shared, instance("orders-2", { version: "1.0.0" }));
      await enter(shared, instance("orders-3", { version: "2.0.0" }));
      await enter(shared, instance("inventory-1", { service: "inventory" }));
      expect(await shared.list()).toEqual([
        { name: "inventory", versions: versions("1.0.0"), instances: 1 },
        { name: "orders", versions: versions("1.0.0", "2.0.0"), instances: 3 },
      ]);
    });

    story("any number may list at once, and nobody is warned of it", async () => {
      const warned: string[] = [];
      const warn = ({ name }: Error): void => void warned.push(name);
      process.on("warning", warn);
      cleanups.push(async () => void process.off("warning", warn));
      const shared = await registry();
      const lists = await Promise.all(Array.from({ length: 12 }, () => shared.list()));
      expect(lists).toEqual(Array(12).fill([]));
      await new Promise(setImmediate); // a warning comes when nothing else is to be done
      expect(warned).not.toContain("MaxListenersExceededWarning");
    });

    story("no watcher sees the context of a call", async () => {
      const calls = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const shared = await registry();
      const told = calls.run("a call that watches", () => {
        return new Promise<void>((resolve) => {
          shared.watch("orders", ({ instances }) => {
            seen.push(calls.getStore());
            if (instances.length > 0) resolve();
          });
        });
      });
      await calls.run("a call that registers", () => enter(shared, instance("orders-1")));
      await told;
      expect(new Set(seen)).toEqual(new Set([undefined]));
    });

    story("the monitor hears what watchers are told, and when nobody watches any more", async () => {
      const events: RegistryEvent[] = [];
      const shared = (await backend((event) => events.push(event))).open();
      const orders = follow(shared);
      await enter(shared, instance("orders-1"));
      await orders.untilIds("orders-1");
      await orders.close();
      const told = orders.snapshots.map(({ instances, stale }) => {
        return { type: "snapshot", service: "orders", instances: instances.length, stale };
      });
      expect(events.filter(({ type }) => type === "snapshot")).toEqual(told);
      expect(events.filter(({ type }) => type === "unwatched")).toEqual([{ type: "unwatched", service: "orders" }]);
    });

    story("a closed registry tells nobody anything more, and says that it is closed", async () => {
      const shared = await registry();
      const orders = follow(shared);
      await enter(shared, instance("orders-1"));
      await orders.untilIds("orders-1");
      const told = orders.snapshots.length;
      await Promise.all([shared.close(), shared.close()]);
      const closed = { code: Code.FAILED_PRECONDITION, message: expect.stringContaining(shared.name) };
      await expect(shared.list()).rejects.toMatchObject(closed);
      expect(() => shared.watch("orders", () => {})).toThrow(/the registry is closed/);
      await orders.close();
      expect(orders.snapshots).toHaveLength(told);
    });

    story("it says what it can do", async () => {
      const { register, lease, watch } = capabilities;
      expect((await registry()).capabilities).toEqual({ register, lease, watch });
    });
  });

  describe(`${name} registry: registering`, () => {
    story("a registered instance is visible when register() resolves", async () => {
      const shared = await registry();
      const registration = await shared.register(instance("orders-1"));
      expect(registration.state).toBe("registered");
      expect(registration.since).toBeInstanceOf(Date);
      expect(await shared.list()).toEqual([{ name: "orders", versions: ["1.0.0"], instances: 1 }]);
    }, ["register"]);

    story("watchers see an update, and see it draining", async () => {
      const shared = await registry();
      const orders = new Follower(shared, "orders");
      const registration = await shared.register(instance("orders-1"));
      await registration.update(instance("orders-1", { state: "draining", metadata: { why: "deploy" } }));
      const { instances } = await orders.until((snapshot) => snapshot.instances[0]?.state === "draining");
      expect(instances).toEqual([instance("orders-1", { state: "draining", metadata: { why: "deploy" } })]);
    }, ["register"]);

    story("the last of many updates at once is what stays", async () => {
      const shared = await registry();
      const registration = await shared.register(instance("orders-1"));
      const weights = Array.from({ length: 20 }, (_, index) => index + 1);
      await Promise.all(weights.map((weight) => registration.update(instance("orders-1", { weight }))));
      const { instances } = await new Follower(shared, "orders").untilIds("orders-1");
      expect(instances[0]?.weight).toBe(20);
    }, ["register"]);

    story("with wait: false an instance is registered as soon as it can be", async () => {
      const shared = await registry();
      const registration = await shared.register(instance("orders-1"), { wait: false });
      await untilState(registration, "registered");
      expect(await shared.list()).toMatchObject([{ name: "orders", instances: 1 }]);
      const twice = shared.register(instance("orders-1"), { wait: false });
      await expect(twice).rejects.toMatchObject({ code: Code.ALREADY_EXISTS });
      await expect(shared.register(instance(""), { wait: false })).rejects.toThrow(TypeError);
    }, ["register"]);

    story("closing a registration takes its instance out, and only it", async () => {
      const shared = await registry();
      const orders = new Follower(shared, "orders");
      const leaving = await shared.register(instance("orders-1"));
      await shared.register(instance("orders-2"));
      await orders.untilIds("orders-1", "orders-2");
      await leaving.close();
      expect(await shared.list()).toEqual([{ name: "orders", versions: ["1.0.0"], instances: 1 }]);
      await orders.untilIds("orders-2");
    }, ["register"]);

    story("a registration may be closed twice and never comes back", async () => {
      const shared = await registry();
      const registration = await shared.register(instance("orders-1"));
      const states: string[] = [];
      registration.onState((state) => states.push(state));
      await Promise.all([registration.close(), registration.close()]);
      await registration.close();
      expect([registration.state, ...states]).toEqual(["closed", "closed"]);
      await expect(registration.update(instance("orders-1"))).rejects.toThrow(/"orders-1" is closed/);
      expect(await shared.list()).toEqual([]);
    }, ["register"]);

    story("an id can be registered again once its registration is closed", async () => {
      const shared = await registry();
      const first = await shared.register(instance("orders-1"));
      await first.close();
      const second = await shared.register(instance("orders-1", { weight: 3 }));
      await first.close();
      const { instances } = await new Follower(shared, "orders").untilIds("orders-1");
      expect(instances[0]?.weight).toBe(3);
      expect(second.state).toBe("registered");
    }, ["register"]);

    story("an id that is registered is not registered again", async () => {
      const shared = await registry();
      await shared.register(instance("orders-1"));
      const again = shared.register(instance("orders-1"));
      await expect(again).rejects.toMatchObject({
        code: Code.ALREADY_EXISTS,
        message: expect.stringContaining('"orders-1"'),
      });
    }, ["register"]);

    story("the monitor hears of a registration from beginning to end, and of none that is refused", async () => {
      const events: RegistryEvent[] = [];
      const shared = (await backend((event) => events.push(event))).open();
      const states = () => events.flatMap((event) => (event.type === "registration" ? [[event.id, event.state]] : []));
      const registration = await shared.register(instance("orders-1"));
      for (let round = 0; round < 2; round++) {
        await expect(shared.register(instance("orders-1"))).rejects.toMatchObject({ code: Code.ALREADY_EXISTS });
      }
      await expect(shared.register(instance("orders-2", { weight: 0 }))).rejects.toThrow(TypeError);
      expect(states()).toEqual([
        ["orders-1", "registering"],
        ["orders-1", "registered"],
      ]);
      expect(registration.state).toBe("registered");
      await registration.close();
      expect(states().at(-1)).toEqual(["orders-1", "closed"]);
      await shared.close();
      await expect(shared.register(instance("orders-2"))).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION });
      expect(states()).toHaveLength(3);
    }, ["register"]);

    story("an id that is given back is registered again at once, and stays", async () => {
      const shared = await registry();
      const orders = new Follower(shared, "orders");
      const first = await shared.register(instance("orders-1"));
      const [, second] = await Promise.all([first.close(), shared.register(restarted)]);
      await orders.until(isAt(restarted));
      expect([first.state, second.state]).toEqual(["closed", "registered"]);
      expect(await shared.list()).toMatchObject([{ name: "orders", instances: 1 }]);
    }, ["register"]);

    story("of two participants with one id the later counts, and the earlier is back when it leaves", async () => {
      const shared = await backend();
      const [here, there] = [shared.open(), shared.open()];
      const orders = new Follower(shared.open(), "orders");
      await here.register(instance("orders-1"));
      await orders.until(isAt(instance("orders-1")));
      await there.register(restarted);
      await orders.until(isAt(restarted));
      await there.close();
      await orders.until(isAt(instance("orders-1")));
    }, ["register", "distributed"]);

    story("a hundred instances register at once and leave at once", async () => {
      const shared = await registry();
      const orders = new Follower(shared, "orders");
      const ids = Array.from({ length: 100 }, (_, index) => `orders-${String(index).padStart(3, "0")}`);
      const registrations = await Promise.all(ids.map((id) => shared.register(instance(id))));
      await orders.untilIds(...ids);
      await Promise.all(registrations.map((each) => each.close()));
      await orders.untilIds();
      expect(await shared.list()).toEqual([]);
    }, ["register"]);

    story("participants see each other, and see who has closed its registry leave", async () => {
      const shared = await backend();
      const [here, there] = [shared.open(), shared.open()];
      const [seenHere, seenThere] = [new Follower(here, "orders"), new Follower(there, "orders")];
      await here.register(instance("orders-1"));
      await there.register(instance("orders-2"));
      await seenHere.untilIds("orders-1", "orders-2");
      await seenThere.untilIds("orders-1", "orders-2");
      await there.close();
      await seenHere.untilIds("orders-1");
    }, ["register", "distributed"]);
  });

  describe(`${name} registry: bad input and the end`, () => {
    story("an instance no registry can carry is refused, and the message says why", async () => {
      const shared = await registry();
      const bad: [Partial<Instance>, RegExp][] = [
        [{ id: "" }, /instance ""/],
        [{ id: "a/b" }, /instance "a\/b"/],
        [{ service: "" }, /service ""/],
        [{ service: "orders/eu" }, /service "orders\/eu"/],
        [{ weight: 0 }, /weight is 0/],
        [{ weight: 1.5 }, /weight is 1.5/],
        [{ weight: Number.NaN }, /weight is NaN/],
        [{ state: "asleep" as never }, /state is "asleep"; allowed are/],
        [{ startedAt: new Date(Number.NaN) }, /startedAt/],
        [{ startedAt: "2026-02-03" as never }, /startedAt/],
        [{ id: 7 as never }, /id is 7; it must be a string/],
        [{ version: 5 as never }, /version is 5; it must be a string/],
        [{ zone: null as never }, /zone is null; it must be a string/],
        [{ endpoints: [7] as never }, /endpoints is \[7\]; it must be an array of strings/],
        [{ endpoints: "grpc://x:1" as never }, /endpoints is "grpc:\/\/x:1"; it must be an array/],
        [{ contracts: undefined as never }, /contracts is undefined; it must be an array of strings/],
        [{ metadata: { a: 1 } as never }, /metadata is {"a":1}; it must be an object of strings/],
      ];
      for (const [changes, message] of bad) {
        const refused = shared.register(instance("orders-1", changes));
        await expect(refused, message.source).rejects.toThrow(TypeError);
        await expect(refused).rejects.toThrow(message);
      }
      expect(await shared.list()).toEqual([]);
    }, ["register"]);

    story("a time to wait that is none is refused", async () => {
      const shared = await registry();
      for (const timeoutMs of [Number.NaN, -1, "10s" as never]) {
        const refused = shared.register(instance("orders-1"), { timeoutMs });
        await expect(refused).rejects.toThrow(RangeError);
        await expect(refused).rejects.toThrow(`timeoutMs is ${timeoutMs}`);
      }
      expect(await shared.list()).toEqual([]);
    }, ["register"]);

    if (!capabilities.register) {
      test("register() says that it cannot, and who does it", async () => {
        const refused = (await registry()).register(instance("orders-1"));
        await expect(refused).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
        await expect(refused).rejects.toThrow(/register/);
      });
    }

    story("a name that no service can have cannot be watched", async () => {
      const shared = await registry();
      expect(() => shared.watch("orders/eu", () => {})).toThrow(/service "orders\/eu"/);
    });

    story("an update cannot make another instance of it", async () => {
      const shared = await registry();
      const registration = await shared.register(instance("orders-1"));
      await expect(registration.update(instance("orders-2"))).rejects.toThrow(/cannot change id or service/);
      await expect(registration.update(instance("orders-1", { service: "x" }))).rejects.toThrow(TypeError);
      expect(registration.state).toBe("registered");
    }, ["register"]);

    story("a closed registry has ended every registration and takes no other", async () => {
      const shared = await registry();
      const registration = await shared.register(instance("orders-1"));
      await Promise.all([shared.close(), shared.close()]);
      const closed = { code: Code.FAILED_PRECONDITION, message: expect.stringContaining(shared.name) };
      await expect(shared.register(instance("orders-2"))).rejects.toMatchObject(closed);
      expect(registration.state).toBe("closed");
      await registration.close();
    }, ["register"]);

    story("a registry that was never used closes too", async () => {
      await (await registry()).close();
    });
  });

  describe(`${name} registry: an outage`, () => {
    story("the last set stays, stale, until all is well again, and nobody who lives is ever missing", async () => {
      const shared = await backend();
      const orders = new Follower(shared.open(), "orders");
      const registration = await shared.open().register(instance("orders-1"));
      await orders.untilIds("orders-1");
      const before = orders.snapshots.length;
      await shared.goAway?.();
      await orders.until(({ stale }) => stale);
      await shared.comeBack?.();
      await orders.until(({ stale }) => !stale);
      await untilState(registration, "registered");
      for (const { instances } of orders.snapshots.slice(before)) expect(instances).toEqual([instance("orders-1")]);
    }, ["register", "distributed", "outages"]);

    story("an id that could not be registered in time, and is registered again, stays", async () => {
      const shared = await backend();
      const registry = shared.open();
      await shared.goAway?.();
      const late = registry.register(instance("orders-1", { version: "1.0.0" }), { timeoutMs: 50 });
      await expect(late).rejects.toMatchObject({ code: Code.UNAVAILABLE });
      const again = registry.register(instance("orders-1", { version: "2.0.0" }), { timeoutMs: 60_000 });
      await shared.comeBack?.();
      expect((await again).state).toBe("registered");
      expect(await registry.list()).toEqual([{ name: "orders", versions: ["2.0.0"], instances: 1 }]);
    }, ["register", "outages"]);
  });

  describe(`${name} registry: nobody answers`, () => {
    function away(): Registry {
      const opened = unreachable!.open();
      cleanups.push(() => opened.close());
      return opened;
    }

    story("register() gives up in time, names the backend, and leaves nothing behind", async () => {
      const registry = away();
      for (let round = 0; round < 2; round++) {
        const error = await registry.register(instance("orders-1"), { timeoutMs: 100 }).catch((each: unknown) => each);
        expect(error).toBeInstanceOf(RpcError);
        expect(error).toMatchObject({ code: Code.UNAVAILABLE, message: expect.stringContaining(unreachable!.named) });
      }
    }, ["register", "unreachable"]);

    story("with wait: false register() comes back at once, goes on trying, and can be closed", async () => {
      const registry = away();
      for (let round = 0; round < 2; round++) {
        const registration = await registry.register(instance("orders-1"), { wait: false });
        expect(registration.state).toBe("registering");
        await expect(registration.update(instance("orders-1", { weight: 7 }))).rejects.toMatchObject({
          code: Code.UNAVAILABLE,
          message: expect.stringContaining(unreachable!.named),
        });
        expect(registration.state).toBe("registering");
        await registration.close();
        expect(registration.state).toBe("closed");
      }
    }, ["register", "unreachable"]);

    story("list() rejects and names the backend", async () => {
      await expect(away().list()).rejects.toMatchObject({
        code: Code.UNAVAILABLE,
        message: expect.stringContaining(unreachable!.named),
      });
    }, ["unreachable"]);

    story("a watch waits, claims nothing, and can be closed", async () => {
      const registry = away();
      const orders = new Follower(registry, "orders");
      await registry.list().catch(() => {});
      await orders.close();
      await registry.close();
      expect(orders.snapshots).toEqual([]);
    }, ["unreachable"]);
  });
}
