import { mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Registry } from "../../src/registry/registry.js";
import { parseStaticServices, staticRegistry } from "../../src/registry/static/static.js";
import { registrySuite } from "../conformance/registry.js";
import { eventually } from "../support/eventually.js";
import { ManualClock } from "../support/manual-clock.js";
import { passTime, untilResting } from "../support/pass-time.js";
import { ServicesFile } from "../support/services-file.js";
import { Follower } from "./follower.js";
import { recordingLogger } from "./recording-logger.js";

registrySuite({
  name: "static (a file)",
  capabilities: { register: false, lease: false, watch: "push", distributed: true },
  make: async (monitor) => {
    const file = await ServicesFile.make("{}");
    return {
      open: () => staticRegistry({ file: file.path, monitor }),
      enter: (entered) => file.enter(entered),
      close: () => file[Symbol.asyncDispose](),
    };
  },
  unreachable: {
    open: () => staticRegistry({ file: "/nowhere/services.yaml" }),
    named: "there is no /nowhere/services.yaml",
  },
  skip: {
    "an instance with nothing in it but its name arrives so": "a list without an address says nobody",
  },
});

/** Everybody who offers the service. */
async function all(registry: Registry, service = "orders") {
  return (await new Follower(registry, service).until(() => true)).instances;
}

describe("static registry: a list in code", () => {
  test("an address is enough, and everything else can be said", async () => {
    await using registry = staticRegistry({
      services: {
        orders: [
          "10.0.0.1:50051",
          {
            id: "orders-x",
            endpoints: ["grpcs://orders.example:443", "[fd00::1]:50051"],
            version: "1.2.3",
            contracts: ["shop.v1.OrdersService"],
            metadata: { team: "checkout" },
            weight: 7,
            zone: "eu-1",
            state: "draining",
            startedAt: "2026-02-03T04:05:06Z",
          },
        ],
      },
    });
    expect(await all(registry)).toEqual([
      {
        id: expect.stringMatching(/^orders-[0-9a-f]{12}$/),
        service: "orders",
        endpoints: ["grpc://10.0.0.1:50051"],
        version: "",
        contracts: [],
        metadata: {},
        weight: 100,
        zone: "",
        state: "serving",
        startedAt: new Date(0),
      },
      {
        id: "orders-x",
        service: "orders",
        endpoints: ["grpcs://orders.example:443", "grpc://[fd00::1]:50051"],
        version: "1.2.3",
        contracts: ["shop.v1.OrdersService"],
        metadata: { team: "checkout" },
        weight: 7,
        zone: "eu-1",
        state: "draining",
        startedAt: new Date("2026-02-03T04:05:06Z"),
      },
    ]);
    expect(await all(registry, "inventory")).toEqual([]);
    expect(await registry.list()).toEqual([{ name: "orders", versions: ["", "1.2.3"], instances: 2 }]);
  });

  test("an id that nobody gave stays the same wherever the address stands, and is another for another service", async () => {
    const [one, two] = ["10.0.0.1:1", "10.0.0.2:1"];
    await using before = staticRegistry({ services: { orders: [one, two], inventory: [one] } });
    await using after = staticRegistry({ services: { orders: ["grpc://10.0.0.3:1", two, { endpoints: one }] } });
    const idOf = async (registry: Registry, address: string, service?: string) =>
      (await all(registry, service)).find(({ endpoints }) => endpoints[0] === `grpc://${address}`)?.id;
    expect(await idOf(after, one)).toBe(await idOf(before, one));
    expect(await idOf(after, two)).toBe(await idOf(before, two));
    expect(await idOf(before, one, "inventory")).not.toBe(await idOf(before, one));
  });

  test.each<[string, unknown, RegExp]>([
    ["a list of services", [], /services: expected a mapping of services, .*was an empty list/],
    ["a name that no service can have", { "a/b": [] }, /a\/b: service "a\/b"/],
    ["no list", { orders: "10.0.0.1:1" }, /orders: expected a list of instances, was "10.0.0.1:1"/],
    ["no address", { orders: ["10.0.0.1"] }, /orders\[0\]: expected host:port .*was "10.0.0.1"/],
    ["a number", { orders: ["10.0.0.1:1", 7] }, /orders\[1\]: expected an address, or a mapping .*was 7/],
    ["no endpoint", { orders: [{ endpoints: [] }] }, /orders\[0\].endpoints: expected one endpoint or more/],
    [
      "a misspelt key",
      { orders: [{ endpoints: "a:1", wieght: 1 }] },
      /orders\[0\].wieght: there is no "wieght"; known/,
    ],
    ["a weight of 0", { orders: [{ endpoints: "a:1", weight: 0 }] }, /orders\[0\]: .*weight is 0/],
    ["a weight in words", { orders: [{ endpoints: "a:1", weight: "much" }] }, /orders\[0\]: .*weight is much/],
    ["an unknown state", { orders: [{ endpoints: "a:1", state: "asleep" }] }, /state is "asleep"; allowed are/],
    ["a bad id", { orders: [{ endpoints: "a:1", id: "a b" }] }, /orders\[0\]: instance "a b"/],
    [
      "a number as version",
      { orders: [{ endpoints: "a:1", version: 1.2 }] },
      /version: expected text, was 1.2; put it in/,
    ],
    ["a number in metadata", { orders: [{ endpoints: "a:1", metadata: { n: 1 } }] }, /metadata.n: expected text/],
    ["no moment", { orders: [{ endpoints: "a:1", startedAt: "soon" }] }, /startedAt: expected a moment/],
    ["one address twice", { orders: ["a:1", "a:1"] }, /orders\[1\]: there are two instances with the id "orders-/],
    [
      "one id twice",
      { a: [{ id: "x", endpoints: "a:1" }], b: [{ id: "x", endpoints: "b:1" }] },
      /b\[0\]: there are two/,
    ],
  ])("%s is refused at once, by name", (_, services, message) => {
    const make = () => staticRegistry({ services: services as never });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });

  test("options that cannot be are refused", () => {
    expect(() => staticRegistry({})).toThrow(/either services.*or file/);
    expect(() => staticRegistry({ services: {}, file: "a.yaml" })).toThrow(TypeError);
    expect(() => staticRegistry({ file: "" })).toThrow(/file is ""/);
    expect(() => staticRegistry({ file: "a.yaml", pollMs: 0 })).toThrow(RangeError);
  });
});

describe("static registry: a list in one line", () => {
  test("says addresses by service", () => {
    expect(parseStaticServices("orders=10.0.0.1:1, 10.0.0.2:1; inventory=[::1]:2;")).toEqual({
      orders: ["10.0.0.1:1", "10.0.0.2:1"],
      inventory: ["[::1]:2"],
    });
    expect(parseStaticServices("")).toEqual({});
  });

  test("a service may have nobody, and be named like what objects have anyway", () => {
    const services = parseStaticServices("orders=;__proto__=10.0.0.1:1");
    expect(Object.entries(services)).toEqual([
      ["orders", []],
      ["__proto__", ["10.0.0.1:1"]],
    ]);
  });

  test("what is of another form is refused", () => {
    expect(() => parseStaticServices("10.0.0.1:1")).toThrow(/expected service=host:port/);
    expect(() => parseStaticServices("=10.0.0.1:1")).toThrow(/expected service=host:port/);
    expect(() => parseStaticServices("a=b:1;a=c:1")).toThrow(/a stands there twice/);
  });

  test("whatever it says can be read back", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/);
    const addresses = fc.uniqueArray(fc.stringMatching(/^[a-z0-9.]{1,8}:\d{1,5}$/), { maxLength: 4 });
    fc.assert(
      fc.property(fc.dictionary(name, addresses), (services) => {
        const line = Object.entries(services).map(([service, each]) => `${service}=${each.join()}`);
        expect(parseStaticServices(line.join(";"))).toEqual(services);
      }),
    );
  });
});

describe("static registry: a file", () => {
  const one = "orders: [ { id: a, endpoints: 10.0.0.1:1 } ]\n";
  const two = "orders:\n  - { id: a, endpoints: 10.0.0.1:1 }\n  - { id: b, endpoints: 10.0.0.2:1 }\n";

  test("may be JSON", async () => {
    await using file = await ServicesFile.make(JSON.stringify({ orders: ["10.0.0.1:1"] }, null, "\t"));
    await using registry = staticRegistry({ file: file.path });
    expect((await all(registry))[0]?.endpoints).toEqual(["grpc://10.0.0.1:1"]);
  });

  test("is read again when it is written into, and when another takes its place", async () => {
    await using file = await ServicesFile.make(one);
    await using registry = staticRegistry({ file: file.path });
    const orders = new Follower(registry, "orders");
    await orders.untilIds("a");
    await writeFile(file.path, two);
    await orders.untilIds("a", "b");
    await file.replace(one);
    await orders.untilIds("a");
    expect(orders.snapshots.map(({ stale }) => stale)).toEqual([false, false, false]);
  });

  test("is followed through the links by which Kubernetes replaces what is mounted", async () => {
    await using file = await ServicesFile.make();
    const mount = async (version: string, text: string) => {
      await mkdir(join(file.folder, version));
      await writeFile(join(file.folder, version, "services.yaml"), text);
      await symlink(version, join(file.folder, "..data_tmp"));
      await rename(join(file.folder, "..data_tmp"), join(file.folder, "..data"));
    };
    await mount("..1", one);
    await symlink("..data/services.yaml", file.path);
    await using registry = staticRegistry({ file: file.path, pollMs: 600_000 });
    const orders = new Follower(registry, "orders");
    await orders.untilIds("a");
    await mount("..2", two);
    await orders.untilIds("a", "b");
  });

  test.each<[string, (file: ServicesFile) => Promise<void>, RegExp]>([
    ["is truncated", (file) => truncate(file.path), /services.yaml: it is empty/],
    ["is deleted", (file) => rm(file.path), /services.yaml: there is no \//],
    [
      "becomes a folder",
      (file) => rm(file.path).then(() => mkdir(file.path)),
      /services.yaml: it cannot be read: EISDIR/,
    ],
    ["is no YAML", (file) => file.replace("orders:\n  - {"), /services.yaml:2: /],
    ["has a tag nobody knows", (file) => file.replace("orders: !!js/function x"), /services.yaml:1: /],
    [
      "says nonsense",
      (file) => file.replace("orders:\n  - a:1\n  - b\n"),
      /services.yaml:3: orders\[1\]: expected host/,
    ],
    [
      "misspells",
      (file) => file.replace("orders:\n- endpoints: a:1\n  wait: 1\n"),
      /yaml:3: orders\[0\].wait: there is no/,
    ],
    [
      "says half",
      (file) => file.replace("inventory: [ 'a:1' ]\norders:\n"),
      /yaml:2: orders: expected a list.*nothing/,
    ],
  ])("that %s leaves the last good list standing, stale, and the log says why, once", async (_, spoil, reason) => {
    await using file = await ServicesFile.make(two);
    const logger = recordingLogger();
    await using registry = staticRegistry({ file: file.path, pollMs: 20, logger });
    const orders = new Follower(registry, "orders");
    await orders.untilIds("a", "b");
    await spoil(file);
    await orders.until(({ stale }) => stale);
    await expect(registry.list()).rejects.toThrow(reason);
    const late = new Follower(registry, "orders");
    expect(await late.until(() => true)).toEqual(orders.snapshots.at(-1));
    const others = await new Follower(registry, "inventory").until(() => true);
    expect(others).toEqual({ service: "inventory", instances: [], stale: true });
    await rm(file.path, { recursive: true, force: true });
    await file.replace(one);
    await orders.until(({ stale }) => !stale);
    expect(orders.snapshots.map(({ instances, stale }) => [instances.map(({ id }) => id).join(), stale])).toEqual([
      ["a,b", false],
      ["a,b", true],
      ["a", false],
    ]);
    const warnings = logger.lines.filter(({ message }) => reason.test(message));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ level: "warn", message: expect.stringContaining("what was read last stays") });
    expect(logger.lines.at(-1)).toMatchObject({ level: "info", message: expect.stringContaining("well again") });
  });

  test("that is wrong is logged once, however often it is written so", async () => {
    await using file = await ServicesFile.make(one);
    const logger = recordingLogger();
    const clock = new ManualClock();
    await using registry = staticRegistry({ file: file.path, logger, clock });
    await new Follower(registry, "orders").untilIds("a");
    for (const text of ["orders: 1", "orders: 1", "orders: 1", "orders: 2"]) {
      await file.replace(text);
      await passTime(clock, 4_000);
    }
    expect(logger.lines.map(({ message }) => message)).toEqual([
      expect.stringContaining("was 1; what was read last stays"),
      expect.stringContaining("was 2; what was read last stays"),
    ]);
  });

  test("that is not there yet says nothing, and is read once it is", async () => {
    await using file = await ServicesFile.make();
    const logger = recordingLogger();
    const folder = join(file.folder, "later");
    const path = join(folder, "services.yaml");
    await using registry = staticRegistry({ file: path, pollMs: 20, logger });
    const orders = new Follower(registry, "orders");
    await eventually(() => expect(logger.lines).toHaveLength(1));
    expect(logger.lines[0]?.message).toContain("nobody is known yet");
    expect(orders.snapshots).toEqual([]);
    await mkdir(folder);
    await writeFile(path, one);
    expect((await orders.untilIds("a")).stale).toBe(false);
  });

  test("says that nobody is there in so many words", async () => {
    await using file = await ServicesFile.make(one);
    await using registry = staticRegistry({ file: file.path });
    const orders = new Follower(registry, "orders");
    await orders.untilIds("a");
    await file.replace("{}");
    expect((await orders.untilIds()).stale).toBe(false);
  });

  test("with keys that are special in JavaScript, or aliases without end, does no harm", async () => {
    const special = "__proto__: [ { id: p, endpoints: 'a:1', metadata: { __proto__: x, constructor: y } } ]\n";
    await using file = await ServicesFile.make(special);
    await using registry = staticRegistry({ file: file.path });
    const [hostile] = await all(registry, "__proto__");
    expect(Object.entries(hostile?.metadata ?? {})).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    expect({}).not.toHaveProperty("id");
    const laughs = Array.from({ length: 12 }, (_, n) => `a${n}: &a${n} [${Array(9).fill(n ? `*a${n - 1}` : "x:1")}]`);
    await file.replace(laughs.join("\n"));
    await expect(registry.list()).rejects.toThrow(/services.yaml/);
  });

  test("is followed by nobody once its last watcher has left", async () => {
    await using file = await ServicesFile.make(one);
    await using registry = staticRegistry({ file: file.path, pollMs: 20 });
    const first = new Follower(registry, "orders");
    await first.untilIds("a");
    await first.close();
    await file.replace(two);
    const second = new Follower(registry, "orders");
    await second.untilIds("a", "b");
    expect(second.snapshots).toHaveLength(1);
  });

  test("tells a monitor what was read, and that it still is so", async () => {
    await using file = await ServicesFile.make(one);
    const types = new Set<string>();
    const clock = new ManualClock();
    await using registry = staticRegistry({ file: file.path, clock, monitor: ({ type }) => types.add(type) });
    await new Follower(registry, "orders").untilIds("a");
    await untilResting(clock);
    expect([...types].sort()).toEqual(["changes", "confirmed", "snapshot", "watched"]);
    types.clear();
    await passTime(clock, 3_000);
    expect([...types]).toEqual(["confirmed"]);
  });
});
