import { createService } from "hawser";
import { OrdersServiceDefinition } from "./gen/shop/orders/v1/orders.js";
import { StorefrontServiceDefinition } from "./gen/shop/storefront/v1/storefront.js";
import { storefrontHandlers } from "./storefront/handlers.js";

const service = createService({ name: "storefront", version: "1.0.0" });
const orders = service.client(OrdersServiceDefinition, "orders");

await service.add(StorefrontServiceDefinition, storefrontHandlers(orders)).run();
