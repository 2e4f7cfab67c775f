import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { addressesOf, checkApart } from "../../src/cli/app/addresses.js";
import { checkStart } from "../../src/cli/app/check-start.js";
import { placementsOf } from "../../src/cli/app/placements.js";
import { exitCodeOf } from "../../src/cli/failure.js";
import type { Io } from "../../src/cli/io.js";
import { defineApp, defineService } from "../../src/service/service.js";
import { systemClock } from "../../src/time/time.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";
import { Capture, nothing } from "./support/command.js";

const inventory = defineService({
  name: "inventory",
  contract: EchoServiceDefinition,
  config: z.object({ shelves: z.number().default(1) }),
  setup: () => echo(),
});
const orders = defineService({
  name: "orders",
  contract: EchoServiceDefinition,
  needs: { stock: { contract: EchoServiceDefinition, service: "inventory" } },
  config: z.object({ maxLines: z.number() }),
  setup: () => echo(),
});
const storefront = defineService({
  name: "storefront",
  contract: EchoServiceDefinition,
  needs: { orders: { contract: EchoServiceDefinition, placement: "remote" } },
  setup: () => echo(),
});
const app = defineApp({ name: "shop", services: [storefront, orders, inventory], replicas: { inventory: 2 } });

const folder = mkdtempSync(join(tmpdir(), "hawser-options-"));
afterAll(() => rmSync(folder, { recursive: true }));

function io(env: { readonly [name: string]: string } = {}): Io {
  const signal = new AbortController().signal;
  return { stdin: nothing(), stdout: new Capture(), stderr: new Capture(), env, signal, clock: systemClock };
}

function addresses(given: readonly string[], env?: { readonly [name: string]: string }): readonly string[] {
  return app.services.map(({ name }) => addressesOf(given, app, io(env))(name));
}

describe("--address", () => {
  it("is a free port of this machine where nobody says another", () => {
    expect(addresses([])).toEqual(Array(3).fill("grpc://127.0.0.1:0"));
  });

  it("goes before HAWSER_ADDRESS, and that of a service before that of all", () => {
    const env = { HAWSER_ADDRESS: "grpc://10.0.0.1:0" };
    expect(addresses([], env)).toEqual(Array(3).fill("grpc://10.0.0.1:0"));
    expect(addresses(["orders=grpc://[::1]:7000", "grpc://0.0.0.0:0"], env)).toEqual([
      "grpc://0.0.0.0:0",
      "grpc://[::1]:7000",
      "grpc://0.0.0.0:0",
    ]);
    expect(addresses(["orders=grpc+unix:///run/a=b.sock"])[1]).toBe("grpc+unix:///run/a=b.sock");
  });

  it.each([
    [
      "ordres=grpc://127.0.0.1:0",
      '--address ordres=grpc://127.0.0.1:0: shop has no service "ordres" (it has: inventory, orders, storefront)',
    ],
    ["orders=7000", '--address orders=7000: address "7000": expected scheme://host:port'],
    ["7000", '--address 7000: address "7000": expected scheme://host:port'],
    ["grpc://127.0.0.1:70000", "--address grpc://127.0.0.1:70000: address "],
  ])("refuses %s", (given, message) => {
    expect(() => addresses([given])).toThrow(message);
  });

  it("says it where the variable is wrong", () => {
    expect(() => addresses([], { HAWSER_ADDRESS: "here" })).toThrow('HAWSER_ADDRESS=here: address "here": expected');
  });

  it("lets no two services, and no two processes of one, listen at one port", () => {
    const at = (given: readonly string[]) => () => checkApart(addressesOf(given, app, io()), app.processes);
    expect(at([])).not.toThrow();
    expect(at(["orders=grpc://127.0.0.1:7000", "storefront=grpc://127.0.0.1:7001"])).not.toThrow();
    expect(at(["orders=grpc://127.0.0.1:7000", "storefront=grpc://127.0.0.1:7000"])).toThrow(
      "orders and storefront cannot both listen at grpc://127.0.0.1:7000; say --address orders=… --address storefront=…",
    );
    expect(at(["inventory=grpc://127.0.0.1:7000"])).toThrow(
      "2 processes of inventory cannot all listen at grpc://127.0.0.1:7000; leave the port to the system with :0, or run one",
    );
  });
});

describe("--place", () => {
  it("says where the calls of a need go", () => {
    const placement = placementsOf(["orders.stock=remote", "orders.stock=local"], app);
    expect([placement("orders", "stock"), placement("storefront", "orders")]).toEqual(["local", "auto"]);
  });

  it.each([
    [
      "orders=remote",
      "--place orders=remote: expected service.need=auto, local or remote, like orders.inventory=remote",
    ],
    ["orders.stock=afar", "--place orders.stock=afar: expected service.need=auto"],
    [
      "ordres.stock=remote",
      '--place ordres.stock=remote: shop has no service "ordres" (it has: inventory, orders, storefront)',
    ],
    ["orders.inventory=remote", '--place orders.inventory=remote: orders has no need "inventory" (it needs: stock)'],
    ["inventory.x=remote", '--place inventory.x=remote: inventory has no need "x" (it needs: nothing)'],
    [
      "storefront.orders=local",
      "--place storefront.orders=local: storefront says itself that orders is remote; change it there",
    ],
  ])("refuses %s", (given, message) => {
    expect(() => placementsOf([given], app)).toThrow(message);
  });
});

describe("what an app is to be started with", () => {
  const nothingSaid = { set: [], address: [], place: [] };
  const check = (options: object, env?: { readonly [name: string]: string }) =>
    checkStart({ file: "/app.ts", app, processes: app.processes }, { ...nothingSaid, ...options }, io(env)).then(
      () => undefined,
      (reason: Error) => ({ code: exitCodeOf(reason), message: reason.message }),
    );

  it("is fine where it fits, whoever says it", async () => {
    const config = join(folder, "shop.yaml");
    writeFileSync(config, "orders: { maxLines: 5 }\n");
    expect(await check({ config })).toBeUndefined();
    expect(await check({ set: ["orders.maxLines=5"] })).toBeUndefined();
    expect(await check({}, { HAWSER_CONFIG_ORDERS__MAX_LINES: "5" })).toBeUndefined();
  });

  it("is refused with everything that does not fit, of all services", async () => {
    const { code, message = "" } = (await check({ set: ["inventory.shelves=many"] })) ?? {};
    expect(code).toBe(78);
    expect(message.split("\n")).toEqual([
      'inventory.shelves = "many" (flag --set inventory.shelves): Invalid input: expected number, received string; change it there',
      expect.stringMatching(/^orders\.maxLines is missing: /),
    ]);
  });

  it.each<readonly [what: string, options: object, code: number, message: RegExp]>([
    [
      "a section of nobody",
      { set: ["ordres.maxLines=5"] },
      78,
      /^ordres \(flag --set ordres\.maxLines\): there is no such section; there are shared, inventory, orders, storefront/,
    ],
    ["what is no value", { set: ["orders"] }, 2, /^flag --set "orders": expected section\.key=value/],
    ["a file that is not there", { config: "/nowhere.yaml" }, 78, /^file \/nowhere\.yaml: there is no/],
    ["a port for two", { address: ["grpc://127.0.0.1:7000"] }, 2, /cannot all listen/],
    ["a need of nobody", { place: ["orders.x=remote"] }, 2, /has no need "x"/],
  ])("is refused for %s", async (_what, options, code, message) => {
    expect(await check(options)).toEqual({ code, message: expect.stringMatching(message) });
  });
});
