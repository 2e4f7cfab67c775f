import { defineApp } from "../../../src/service/service.js";
import { station } from "./station.js";

/** Three services in a row: what happens at the last is seen by all. */
export default defineApp({
  name: "parity",
  services: [station("front", "middle"), station("middle", "back"), station("back")],
});
