import { defineService } from "hawser";
import { OrdersServiceDefinition } from "./gen/shop/orders/v1/orders.js";
import { StorefrontServiceDefinition } from "./gen/shop/storefront/v1/storefront.js";
import { storefrontHandlers } from "./storefront/handlers.js";

export const storefront = defineService({
  name: "storefront",
  version: "1.0.0",
  contract: StorefrontServiceDefinition,
  needs: { orders: OrdersServiceDefinition },
  setup: ({ needs }) => storefrontHandlers(needs.orders),
});
