import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineService } from "../../src/service/service.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const setup = () => echo();
const contract = EchoServiceDefinition;

/** As a user writes it who does without types. */
function define(options: object): unknown {
  return defineService(options as never);
}

const needOptions: readonly [options: object, problem: string][] = [
  [{ timeoutMs: -5 }, "timeoutMs: must be positive, was -5"],
  [{ deadlineMarginMs: -1 }, "deadlineMarginMs: must be 0 or more, was -1"],
  [{ retry: { maxAttempts: 0 } }, "maxAttempts: must be 1 or more, was 0"],
  [{ middleware: [undefined] }, "middleware: expected a list of functions"],
  [{ attemptMiddleware: () => {} }, "attemptMiddleware: expected a list of functions"],
];

describe("defineService()", () => {
  it("makes a value that says all there is to know, and runs nothing", () => {
    let asked = 0;
    const orders = defineService({
      name: "orders",
      version: "1.2.3",
      contract,
      needs: {
        inventory: EchoServiceDefinition,
        tax: { contract: EchoServiceDefinition, service: "tax-office", external: true, timeoutMs: 100 },
      },
      config: z.object({ maxLines: z.number() }),
      metadata: { tier: "gold" },
      setup: () => {
        asked++;
        return echo();
      },
    });
    expect(orders).toMatchObject({ kind: "hawser.service", name: "orders", version: "1.2.3", contract });
    expect(orders.metadata).toEqual({ tier: "gold" });
    expect([...orders.contracts.values()]).toEqual([contract]);
    expect(orders.needs).toEqual([
      { name: "inventory", contract, service: "inventory", external: false, placement: "auto", options: {} },
      { name: "tax", contract, service: "tax-office", external: true, placement: "auto", options: { timeoutMs: 100 } },
    ]);
    expect(asked).toBe(0);
  });

  it("takes several contracts by names of one's own, and none at all", () => {
    const both = defineService({ name: "both", contract: { one: contract }, setup: () => ({ one: echo() }) });
    expect([...both.contracts.keys()]).toEqual(["one"]);
    const worker = defineService({ name: "worker", setup: () => {} });
    expect([...worker.contracts]).toEqual([]);
  });

  it.each<[problem: string, options: object, message: string]>([
    [
      "a name others cannot find it by",
      { name: "My Orders", contract, setup },
      'defineService: name: expected lower case letters, digits and dashes, was "My Orders"',
    ],
    [
      "no name",
      { contract, setup },
      "defineService: name: expected lower case letters, digits and dashes, was undefined",
    ],
    ["no setup", { name: "orders", contract }, "orders: setup: expected a function that makes the handlers"],
    [
      "a config that is no schema",
      { name: "orders", contract, setup, config: { maxLines: 3 } },
      "orders: config: expected a schema, like z.object({ … }) of zod",
    ],
    [
      "a contract that is none",
      { name: "orders", contract: { fullName: "shop.v1.Orders" }, setup },
      "orders: contract: not a service definition: give the …Definition that `buf generate` wrote " +
        "(ts-proto, outputServices=generic-definitions)",
    ],
    [
      "one of several contracts that is none",
      { name: "orders", contract: { orders: contract, admin: "shop.v1.Admin" }, setup },
      "orders: contract admin: not a service definition: give the …Definition that `buf generate` wrote " +
        "(ts-proto, outputServices=generic-definitions)",
    ],
    [
      "a need whose contract is not there",
      { name: "orders", contract, setup, needs: { inventory: undefined } },
      "orders: needs.inventory: not a service definition: give the …Definition that `buf generate` wrote " +
        "(ts-proto, outputServices=generic-definitions)",
    ],
    [
      "a need that is to be in a place there is none of",
      { name: "orders", contract, setup, needs: { inventory: { contract, placement: "here" } } },
      'orders: needs.inventory.placement: expected auto, local, remote, was "here"',
    ],
    ...needOptions.map(([options, problem]): [string, object, string] => [
      `a need whose client could not be: ${problem}`,
      { name: "orders", contract, setup, needs: { inventory: { contract, ...options } } },
      `orders: needs.inventory: ${problem}`,
    ]),
    [
      "a need found by a name nobody can have",
      { name: "orders", contract, setup, needs: { inventory: { contract, service: "The Stock" } } },
      'orders: needs.inventory.service: expected lower case letters, digits and dashes, was "The Stock"',
    ],
  ])("refuses %s, naming it and the way out", (_, options, message) => {
    expect(() => define(options)).toThrow(new TypeError(message));
  });

  it("takes contracts for needs, not services: nobody is to know how another is made", () => {
    const inventory = defineService({ name: "inventory", contract, setup });
    expect(() => define({ name: "orders", contract, setup, needs: { inventory } })).toThrow(
      "orders: needs.inventory: expected a contract, was a service; name the contract it serves",
    );
  });
});
