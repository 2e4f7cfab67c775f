import type { AppOutline } from "../../../src/cli/app/outline.js";

/** Where the project of `shop` lies. */
export const root = "/srv/shop";

/** Three services in two processes; one of them calls what lives elsewhere, one is called by nobody. */
export const shop: AppOutline = {
  name: "shop",
  file: "/srv/shop/dist/app.js",
  services: [
    { name: "inventory", version: "1.2.0", contracts: ["shop.inventory.v1.InventoryService"], needs: [], external: [] },
    { name: "stock-taker", version: "1.2.0", contracts: [], needs: ["inventory"], external: [] },
    {
      name: "orders",
      version: "2.0.0+build.7",
      contracts: ["shop.orders.v1.OrdersService"],
      needs: ["inventory"],
      external: ["payments"],
    },
  ],
  processes: [
    { name: "warehouse", services: ["inventory", "stock-taker"], replicas: 1, after: [] },
    { name: "orders", services: ["orders"], replicas: 3, after: ["warehouse"] },
  ],
};

/** The same with other processes. */
export function divided(...processes: AppOutline["processes"]): AppOutline {
  return { ...shop, processes };
}
