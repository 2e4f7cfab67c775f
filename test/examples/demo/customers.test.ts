import { Code, RpcError } from "hawser";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkBooks } from "../../../examples/shop/demo/books.js";
import { Customers } from "../../../examples/shop/demo/customers.js";
import { type OpenShop, openShop } from "../open-shop.js";

let shop: OpenShop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop[Symbol.asyncDispose]());

describe("the customers of the demo", () => {
  it("make as many calls as they shall, and find every answer right", async () => {
    const made: number[] = [];
    const customers = new Customers({
      storefront: shop.storefront,
      calls: 50,
      concurrency: 4,
      onCall: (count) => made.push(count),
    });
    await customers.come(0, 0.5);
    expect(customers.made).toBeLessThan(30);
    await customers.come(0.5, 1);

    expect(customers.complaints).toEqual([]);
    expect(customers).toMatchObject({ made: 50, failed: 0 });
    expect(made).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await checkBooks(shop.folder, customers.purchases)).toEqual([]);
  });

  it("count an error and a wrong answer as failed calls", async () => {
    const storefront = {
      quote: async () => ({ totalCents: 1, available: true }),
      buy: () => Promise.reject(new RpcError(Code.UNAVAILABLE, "closed today")),
      async *collect() {
        yield { text: "Ready", ready: false };
      },
    };
    const customers = new Customers({ storefront, calls: 3, concurrency: 1 });
    await customers.come(0, 1);

    expect(customers).toMatchObject({ made: 3, failed: 3 });
    expect(customers.complaints).toEqual([
      "Error: a wrong answer: a quote of 1 cents",
      "UNAVAILABLE: closed today",
      "Error: a wrong answer: 1 lines on the screen",
    ]);
  });

  it.each([
    { dark: 2, failed: 0, looks: 3 },
    { dark: 3, failed: 1, looks: 3 },
  ])("look again, $looks times at most, where the screen goes dark $dark times", async ({ dark, failed, looks }) => {
    let seen = 0;
    const storefront = {
      ...shop.storefront,
      async *collect(request: { orderId?: string }) {
        const look = ++seen;
        for await (const line of shop.storefront.collect(request)) {
          yield line;
          if (look <= dark) throw new RpcError(Code.UNAVAILABLE, "read ECONNRESET");
        }
      },
    };
    const customers = new Customers({ storefront, calls: 3, concurrency: 1 });
    await customers.come(0, 1);
    expect(customers).toMatchObject({ made: 3, failed });
    expect(seen).toBe(looks);
  });

  it("stay away once the shop closes", async () => {
    const closing = new AbortController();
    const { storefront } = shop;
    const onCall = () => closing.abort();
    const customers = new Customers({ storefront, calls: 50, concurrency: 4, signal: closing.signal, onCall });
    await customers.come(0, 1);
    expect(customers.made).toBe(1);
  });
});

describe("the books", () => {
  it("are wrong where something was sold twice, or to nobody", async () => {
    const tea = { sku: "green-tea", quantity: 2 };
    await shop.storefront.buy({ cartId: "cart-1", customer: "ada", items: [tea] });
    await shop.storefront.buy({ cartId: "cart-1-again", customer: "ada", items: [tea] });

    expect(await checkBooks(shop.folder, [{ orderId: "cart-1", customer: "ada", items: [tea] }])).toEqual([
      "green-tea: 2 sold, and 4 taken from the shelves",
    ]);
    expect(await checkBooks(shop.folder, [{ orderId: "cart-2", customer: "boris", items: [] }])).toEqual([
      "order cart-2 of boris is in the books of nobody",
      "green-tea: 0 sold, and 4 taken from the shelves",
    ]);
  });
});
