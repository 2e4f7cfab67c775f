import { defineApp } from "hawser";
import { inventory } from "./inventory.js";
import { orders } from "./orders.js";
import { storefront } from "./storefront.js";

export default defineApp({
  name: "shop",
  services: [storefront, orders, inventory],
  replicas: { inventory: 2 },
});
