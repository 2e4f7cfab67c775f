import { createService } from "hawser";
import { InventoryServiceDefinition } from "./gen/shop/inventory/v1/inventory.js";
import { inventoryHandlers } from "./inventory/handlers.js";
import { Stock } from "./inventory/stock.js";
import { dataFolder } from "./journal.js";

await using stock = await Stock.open(dataFolder);

await createService({ name: "inventory", version: "1.0.0" })
  .add(InventoryServiceDefinition, inventoryHandlers(stock))
  .run();
