import { describe, expect, it } from "vitest";
import { HealthDefinition } from "../../src/gen/grpc/health/v1/health.js";
import type { NeedsSpec, ServiceSpec } from "../../src/service/service.js";
import { defineApp, defineService } from "../../src/service/service.js";
import { EchoServiceDefinition, echo } from "../support/echo.js";

const contract = EchoServiceDefinition;

/** A service that echoes, and needs others that do. */
function service(name: string, ...needs: readonly string[]): ServiceSpec {
  return needing(name, Object.fromEntries(needs.map((need) => [need, contract])));
}

function needing(name: string, needs: NeedsSpec): ServiceSpec {
  return defineService({ name, contract, needs, setup: () => echo() });
}

const names = (services: readonly { readonly name: string }[]): readonly string[] => services.map(({ name }) => name);

describe("defineApp()", () => {
  it("orders services after those they need, else as they were given", () => {
    const app = defineApp({
      services: [service("shop", "orders", "users"), service("orders", "stock"), service("users"), service("stock")],
    });
    expect(app.name).toBe("app");
    expect(names(app.services)).toEqual(["stock", "orders", "users", "shop"]);
  });

  it("puts each service into a process of its own, after those it needs", () => {
    const app = defineApp({ services: [service("shop", "orders"), service("orders")], replicas: { orders: 3 } });
    expect(app.processes).toEqual([
      { name: "orders", services: ["orders"], replicas: 3, after: [] },
      { name: "shop", services: ["shop"], replicas: 1, after: ["orders"] },
    ]);
  });

  it("puts a group into one process, which comes after whatever its services need elsewhere", () => {
    const app = defineApp({
      services: [service("shop", "orders"), service("orders", "stock"), service("stock")],
      groups: { front: ["shop", "orders"] },
      replicas: { front: 2 },
    });
    expect(app.processes).toEqual([
      { name: "stock", services: ["stock"], replicas: 1, after: [] },
      { name: "front", services: ["shop", "orders"], replicas: 2, after: ["stock"] },
    ]);
  });

  it("takes a need that lives outside of the app, and one by another name", () => {
    const app = defineApp({
      services: [
        needing("shop", { tax: { contract, external: true }, books: { contract, service: "orders" } }),
        service("orders"),
      ],
    });
    expect(names(app.services)).toEqual(["orders", "shop"]);
    expect(app.processes.find(({ name }) => name === "shop")?.after).toEqual(["orders"]);
  });

  it("takes names with numbers where they are no other's processes", () => {
    const numbered = [service("orders-1"), service("orders-2"), service("stock"), service("stock-01")];
    expect(names(defineApp({ services: numbered }).processes)).toEqual(names(numbered));
    const together = [service("orders"), service("orders-1")];
    expect(names(defineApp({ services: together, groups: { back: ["orders", "orders-1"] } }).processes)).toEqual([
      "back",
    ]);
  });

  it.each<[problem: string, options: () => Parameters<typeof defineApp>[0], message: string]>([
    [
      "no services",
      () => ({ name: "shop", services: [] }),
      "shop: services: expected at least one defineService({ … })",
    ],
    [
      "what is no service",
      () => ({ services: [service("orders"), {} as ServiceSpec] }),
      "app: services[1]: expected what defineService() gave",
    ],
    [
      "a name that is none",
      () => ({ name: "My Shop", services: [service("orders")] }),
      'defineApp: name: expected lower case letters, digits and dashes, was "My Shop"',
    ],
    [
      "two services of one name",
      () => ({ name: "shop", services: [service("orders"), service("stock"), service("orders")] }),
      "shop: two services are called orders; give one of them another name",
    ],
    [
      "a need nobody provides",
      () => ({ services: [service("shop", "orders"), service("stock")] }),
      'shop needs "orders", and no service of the app is called so (there are: shop, stock); ' +
        "where it runs elsewhere say { contract, external: true }",
    ],
    [
      "a need of a contract that its service does not serve",
      () => ({ services: [needing("shop", { orders: HealthDefinition }), service("orders")] }),
      "shop needs grpc.health.v1.Health of orders, which serves hawser.test.v1.EchoService",
    ],
    [
      "a need of a service that serves nobody",
      () => ({ services: [service("shop", "worker"), defineService({ name: "worker", setup: () => {} })] }),
      "shop needs hawser.test.v1.EchoService of worker, which serves no contract",
    ],
    [
      "a need called external that is of the app",
      () => ({ services: [needing("shop", { orders: { contract, external: true } }), service("orders")] }),
      "shop: needs.orders is external, and orders is a service of this app; leave out external",
    ],
    [
      "a cycle",
      () => ({ name: "shop", services: [service("a"), service("b", "c"), service("c", "d"), service("d", "b")] }),
      "shop: services need each other in a cycle: b -> c -> d -> b; one of them must go without",
    ],
    [
      "a service that needs itself",
      () => ({ services: [service("a", "a")] }),
      "app: services need each other in a cycle: a -> a; one of them must go without",
    ],
    [
      "groups that need each other, though no two services do",
      () => ({
        services: [service("a", "b"), service("b", "c"), service("c")],
        groups: { outer: ["a", "c"], inner: ["b"] },
      }),
      "app: groups need each other in a cycle: outer -> inner -> outer; one of them must go without",
    ],
    [
      "a group of a service there is none of",
      () => ({ services: [service("a")], groups: { all: ["b"] } }),
      "app: groups.all: no service is called b (there are: a)",
    ],
    [
      "a service in two groups",
      () => ({ services: [service("a"), service("b")], groups: { one: ["a"], two: ["b", "a"] } }),
      "app: groups.two: a is in a group already; a service is in one",
    ],
    [
      "a group of nobody",
      () => ({ services: [service("a")], groups: { one: [] } }),
      "app: groups.one: expected the names of services, was empty",
    ],
    [
      "a group named as a service outside of it",
      () => ({ services: [service("a"), service("b")], groups: { a: ["b"] } }),
      "app: groups.a: a service outside of it has this name; give the group another",
    ],
    [
      "a service named as a process of another",
      () => ({ name: "shop", services: [service("orders-2"), service("orders")] }),
      "shop: orders-2 is what `hawser up` may call a process of orders; give one of them another name, or both a group",
    ],
    [
      "a service named as a process of a group",
      () => ({ services: [service("back-1"), service("orders")], groups: { back: ["orders"] } }),
      "app: back-1 is what `hawser up` may call a process of back; give one of them another name, or both a group",
    ],
    [
      "replicas of nobody",
      () => ({ services: [service("a")], replicas: { b: 2 } }),
      "app: replicas.b: no process is called so (there are: a)",
    ],
    [
      "a number of replicas that is none",
      () => ({ services: [service("a")], replicas: { a: 1.5 } }),
      "app: replicas.a: must be a whole number from 0, was 1.5",
    ],
    [
      "a service with the name of the section all share",
      () => ({ services: [service("shared")] }),
      'app: a service cannot be called "shared": its configuration could not be told from what all of them see',
    ],
  ])("refuses %s, naming it and the way out", (_, options, message) => {
    expect(() => defineApp(options())).toThrow(message);
  });
});
