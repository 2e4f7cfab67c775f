import { defineApp } from "hawser";
import { orderDesk } from "./order-desk/order-desk.js";

export default defineApp({
  name: "order-desk",
  services: [orderDesk],
});
