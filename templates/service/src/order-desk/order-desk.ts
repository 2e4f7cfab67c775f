import { defineService } from "hawser";
import { Code, RpcError } from "hawser/errors";
import { z } from "zod";
import { OrderDeskServiceDefinition } from "../gen/order_desk/v1/order_desk.js";

export const orderDesk = defineService({
  name: "order-desk",
  version: "0.1.0",
  contract: OrderDeskServiceDefinition,
  config: z.object({ greeting: z.string().default("Hello") }),
  // Called once at the start; what the handlers share is made here.
  setup: ({ config, log }) => ({
    sayHello({ name }) {
      if (name === "") throw new RpcError(Code.INVALID_ARGUMENT, "name: expected somebody to greet");
      log.info({ guest: name }, "greeted");
      return { text: `${config.greeting} ${name}` };
    },
  }),
});
