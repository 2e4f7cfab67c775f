/** The shop under Node's own test runner, on a clock that stands still, with calls that nobody waits for. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { manualClock, testApp } from "hawser/testing";
import app from "../../examples/shop/app.js";

test("the shop sells", async () => {
  const folder = await mkdtemp(join(tmpdir(), "shop-"));
  const shop = await testApp(app, { config: { shared: { folder } }, clock: manualClock(), graceMs: 20 });
  const { buy, quote } = shop.client("storefront");
  const items = [{ sku: "teapot", quantity: 1 }];

  const { totalCents } = await buy({ cartId: "cart-1", customer: "ada", items });
  assert.equal(totalCents, 4900);
  assert.equal(shop.callsTo("inventory", "reserve")[0]?.metadata.get("x-hawser-global-customer"), "ada");

  shop.inject({ to: "inventory", drop: "request" });
  const abandoned = assert.rejects(quote({ items }, { timeoutMs: Number.POSITIVE_INFINITY }));
  await shop.close();
  await abandoned;
  await rm(folder, { recursive: true });
});
