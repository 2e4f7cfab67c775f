import { defineService } from "hawser";
import { books } from "./books.js";
import { InventoryServiceDefinition } from "./gen/shop/inventory/v1/inventory.js";
import { OrdersServiceDefinition } from "./gen/shop/orders/v1/orders.js";
import { ordersHandlers } from "./orders/handlers.js";
import { OrderBook } from "./orders/order-book.js";

export const orders = defineService({
  name: "orders",
  version: "1.0.0",
  contract: OrdersServiceDefinition,
  needs: { inventory: InventoryServiceDefinition },
  config: books,
  setup: async ({ config, needs, use }) => ordersHandlers(use(await OrderBook.open(config.folder)), needs.inventory),
});
