import { Code, type Middleware } from "hawser";
import { BadRequest, ErrorInfo, PreconditionFailure, ResourceInfo, RpcError } from "hawser/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InventoryServiceDefinition } from "../../examples/shop/gen/shop/inventory/v1/inventory.js";
import { OrdersServiceDefinition } from "../../examples/shop/gen/shop/orders/v1/orders.js";
import { StorefrontServiceDefinition } from "../../examples/shop/gen/shop/storefront/v1/storefront.js";
import { type OpenShop, openShop } from "./open-shop.js";

let shop: OpenShop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop[Symbol.asyncDispose]());

const tea = { sku: "green-tea", quantity: 2 };
const teapot = { sku: "teapot", quantity: 1 };
const leftOf = async (sku: string) => (await shop.stock.article(sku)).left;

async function failure(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RpcError);
  return error as RpcError;
}

async function collect(orderId: string): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const { text } of shop.storefront.collect({ orderId })) texts.push(text);
  return texts;
}

describe("the shop", () => {
  it("quotes what a cart costs, and takes nothing from the shelves", async () => {
    const before = await leftOf("teapot");

    expect(await shop.storefront.quote({ items: [tea, teapot] })).toEqual({ totalCents: 6680, available: true });
    expect(await leftOf("teapot")).toBe(before);
  });

  it("quotes what cannot be had as that", async () => {
    const { available } = await shop.storefront.quote({ items: [{ sku: "samovar", quantity: 4 }] });
    expect(available).toBe(false);
  });

  it("sells, and sets aside for the customer whose name has come through orders", async () => {
    const bill = await shop.storefront.buy({ cartId: "cart-1", customer: "ada", items: [tea, teapot] });

    expect(bill).toEqual({ orderId: "cart-1", totalCents: 6680 });
    expect(await shop.stock.reservation("cart-1")).toEqual({ id: "cart-1", customer: "ada", lines: [tea, teapot] });
  });

  it("packs an order article by article, and again where it is asked again", async () => {
    await shop.storefront.buy({ cartId: "cart-1", customer: "ada", items: [tea, teapot] });

    const screen = [
      "We have your order.",
      "Packed: green-tea, from shelf C1.",
      "Packed: teapot, from shelf A3.",
      "Ready: please come to the counter.",
    ];
    expect(await collect("cart-1")).toEqual(screen);
    expect(await collect("cart-1")).toEqual(screen);
  });

  it("says which articles are out of stock, and sets none of the others aside", async () => {
    const before = await leftOf("green-tea");
    const items = [tea, { sku: "samovar", quantity: 4 }];

    const error = await failure(shop.storefront.buy({ cartId: "cart-1", customer: "ada", items }));
    expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "out of stock: samovar", remote: true });
    expect(error.detail(ErrorInfo)).toEqual({
      reason: "OUT_OF_STOCK",
      domain: "inventory.shop",
      metadata: { skus: "samovar" },
    });
    expect(error.detail(PreconditionFailure)?.violations).toEqual([
      { type: "STOCK", subject: "samovar", description: "4 wanted, 3 left" },
    ]);
    expect(await leftOf("green-tea")).toBe(before);
  });

  it("names every field of an order that is wrong", async () => {
    const items = [{ sku: "Tea Pot", quantity: 1 }, tea, { ...tea, quantity: 101 }];

    const error = await failure(shop.storefront.buy({ cartId: "", customer: "ada", items }));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(error.detail(BadRequest)?.fieldViolations.map(({ field }) => field)).toEqual([
      "order_id",
      "lines[0].sku",
      "lines[2].sku",
      "lines[2].quantity",
    ]);
  });

  it.each([
    ["a cart with nothing in it", { cartId: "cart-1", customer: "ada", items: [] }, "lines"],
    ["a customer who is none", { cartId: "cart-1", customer: "Zoë", items: [tea] }, "customer"],
  ])("refuses %s", async (_, request, field) => {
    const error = await failure(shop.storefront.buy(request));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(error.detail(BadRequest)?.fieldViolations.map((violation) => violation.field)).toEqual([field]);
  });

  it.each([
    ["an article", () => shop.storefront.quote({ items: [{ sku: "unicorn", quantity: 1 }] }), "article", "unicorn"],
    ["an order", () => collect("cart-404"), "order", "cart-404"],
    ["a reservation", () => shop.inventory.pick({ reservationId: "r", sku: "cup" }), "reservation", "r"],
  ])("says that there is no such thing as %s it does not know", async (_, call, resourceType, resourceName) => {
    const error = await failure(call());
    expect(error.code).toBe(Code.NOT_FOUND);
    expect(error.detail(ResourceInfo)).toMatchObject({ resourceType, resourceName });
  });
});

describe("the shop, asked twice", () => {
  it("may be, by its contracts", () => {
    const contracts = [StorefrontServiceDefinition, OrdersServiceDefinition, InventoryServiceDefinition];
    const levels = contracts.flatMap(({ methods }) => Object.values(methods)).map(({ options }) => options);
    expect(levels).toHaveLength(9);
    for (const options of levels) expect(options).toHaveProperty("idempotencyLevel");
  });

  it("sells a cart once, however often and at whichever instances it is bought at once", async () => {
    const before = await leftOf("green-tea");
    const buy = () => shop.storefront.buy({ cartId: "cart-1", customer: "ada", items: [tea] });

    const bills = await Promise.all(Array.from({ length: 20 }, buy));
    expect(new Set(bills.map((bill) => JSON.stringify(bill))).size).toBe(1);
    expect(await leftOf("green-tea")).toBe(before - tea.quantity);
  });

  it("lets the last of an article go to one customer only", async () => {
    const buy = (cartId: string) =>
      shop.storefront.buy({ cartId, customer: cartId, items: [{ sku: "samovar", quantity: 2 }] });

    const outcomes = await Promise.allSettled(["ada", "boris", "chen", "dolores"].map(buy));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await leftOf("samovar")).toBe(1);
  });

  it("refuses other articles under an id that is taken", async () => {
    await shop.storefront.buy({ cartId: "cart-1", customer: "ada", items: [tea] });

    const error = await failure(shop.storefront.buy({ cartId: "cart-1", customer: "ada", items: [teapot] }));
    expect(error.code).toBe(Code.ALREADY_EXISTS);
    expect(error.detail(ResourceInfo)).toMatchObject({ resourceType: "reservation", resourceName: "cart-1" });
  });

  it("sells once where an instance has done its work and dies before it answers", async () => {
    const lost: string[] = [];
    const loseFirstAnswers: Middleware = (next) => async (call) => {
      const reply = await next(call);
      if (lost.includes(call.method.name)) return reply;
      lost.push(call.method.name);
      throw new RpcError(Code.UNAVAILABLE, "the connection broke");
    };
    await using unlucky = await openShop([loseFirstAnswers]);
    const before = (await unlucky.stock.article("green-tea")).left;

    await unlucky.storefront.buy({ cartId: "cart-1", customer: "ada", items: [tea] });
    for await (const { ready } of unlucky.storefront.collect({ orderId: "cart-1" })) if (ready) break;
    expect(lost).toEqual(["GetArticle", "Reserve", "Pick"]);
    expect((await unlucky.stock.article("green-tea")).left).toBe(before - tea.quantity);
  });
});
