import { defineService } from "hawser";
import { books } from "./books.js";
import { InventoryServiceDefinition } from "./gen/shop/inventory/v1/inventory.js";
import { inventoryHandlers } from "./inventory/handlers.js";
import { Stock } from "./inventory/stock.js";

export const inventory = defineService({
  name: "inventory",
  version: "1.0.0",
  contract: InventoryServiceDefinition,
  config: books,
  setup: async ({ config, use }) => inventoryHandlers(use(await Stock.open(config.folder))),
});
