import { createService } from "hawser";
import { InventoryServiceDefinition } from "./gen/shop/inventory/v1/inventory.js";
import { OrdersServiceDefinition } from "./gen/shop/orders/v1/orders.js";
import { dataFolder } from "./journal.js";
import { ordersHandlers } from "./orders/handlers.js";
import { OrderBook } from "./orders/order-book.js";

await using book = await OrderBook.open(dataFolder);

const service = createService({ name: "orders", version: "1.0.0" });
const inventory = service.client(InventoryServiceDefinition, "inventory");

await service.add(OrdersServiceDefinition, ordersHandlers(book, inventory)).run();
