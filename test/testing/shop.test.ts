import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, RpcError } from "hawser";
import { manualClock, testApp } from "hawser/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import app from "../../examples/shop/app.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shop-"));
});
afterAll(() => rm(folder, { recursive: true }));

const teapots = [{ sku: "teapot", quantity: 2 }];

test("an order costs what inventory says, and sets its articles aside", async () => {
  await using shop = await testApp(app, {
    only: ["orders"],
    replace: {
      inventory: {
        getArticle: () => ({ title: "Teapot", priceCents: 4900, available: 3 }),
        reserve: () => ({}),
      },
    },
    config: { orders: { folder } },
  });

  const { totalCents } = await shop.client("orders").placeOrder({ orderId: "order-1", lines: teapots });

  expect(totalCents).toBe(9800);
  expect(shop.callsTo("inventory", "reserve").map(({ request }) => request)).toEqual([
    { reservationId: "order-1", lines: teapots },
  ]);
});

test("an order that cannot be had is none", async () => {
  await using shop = await testApp(app, {
    only: ["orders"],
    replace: {
      inventory: {
        getArticle: () => ({ priceCents: 4900 }),
        reserve: () => {
          throw new RpcError(Code.FAILED_PRECONDITION, "out of stock: teapot");
        },
      },
    },
    config: { orders: { folder } },
  });
  const orders = shop.client("orders");

  await expect(orders.placeOrder({ orderId: "order-2", lines: teapots })).rejects.toThrow("out of stock: teapot");
  await expect(orders.packOrder({ orderId: "order-2" })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: Code.NOT_FOUND,
  });
});

test("a customer hears within five seconds, however long inventory takes", async () => {
  const clock = manualClock();
  await using shop = await testApp(app, { config: { shared: { folder } }, clock });
  shop.inject({ from: "orders", to: "inventory", method: "getArticle", delayMs: 60_000 });

  const quote = shop.client("storefront").quote({ items: teapots });
  const refused = expect(quote).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  await clock.advance(5_000);
  await refused;
});

test("a cart is bought once, whatever is lost on the way", async () => {
  await using shop = await testApp(app, { config: { shared: { folder } } });
  for (const to of ["orders", "inventory"] as const) {
    shop.inject({ to, drop: "response", error: Code.UNAVAILABLE, times: 1 });
  }

  await shop.client("storefront").buy({ cartId: "cart-1", customer: "ada", items: teapots });

  expect(shop.callTree()).toMatchInlineSnapshot(`
    "test → storefront.buy
      storefront → orders.placeOrder UNAVAILABLE (injected)
        orders → inventory.getArticle UNAVAILABLE (injected)
        orders → inventory.getArticle attempt 2
        orders → inventory.reserve
      storefront → orders.placeOrder attempt 2
        orders → inventory.getArticle
        orders → inventory.reserve"
  `);
  expect(shop.report).toEqual([]);
});

test("whatever says that it may be repeated may be", async () => {
  await using shop = await testApp(app, { config: { shared: { folder } }, faults: [{ duplicate: true }] });
  const storefront = shop.client("storefront");

  await storefront.buy({ cartId: "cart-2", customer: "ada", items: teapots });
  for await (const { ready } of storefront.collect({ orderId: "cart-2" })) if (ready) break;

  expect(shop.report).toEqual([]);
});
