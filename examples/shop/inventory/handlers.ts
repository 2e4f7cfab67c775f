import type { Handlers } from "hawser";
import type { InventoryServiceDefinition } from "../gen/shop/inventory/v1/inventory.js";
import type { Stock } from "./stock.js";

export function inventoryHandlers(stock: Stock): Handlers<InventoryServiceDefinition> {
  return {
    async getArticle({ sku }) {
      const { title, priceCents, left } = await stock.article(sku);
      return { title, priceCents, available: left };
    },

    async reserve({ reservationId, lines }, { metadata }) {
      // Set by the storefront; it came through orders, which knows nothing of it.
      const customer = metadata.get("x-hawser-global-customer") ?? "";
      await stock.reserve({ id: reservationId, customer, lines });
      return {};
    },

    async pick({ reservationId, sku }) {
      return await stock.pick(reservationId, sku);
    },
  };
}
