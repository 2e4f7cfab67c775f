import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { child, FakeSupervisor } from "../support/fake-supervisor.js";
import { User } from "./support/running-app.js";

let user: User;
let shop: FakeSupervisor;
beforeEach(async () => {
  user = new User();
  shop = new FakeSupervisor(child({ name: "orders-1" }), child({ name: "inventory-1" }));
  await user.up("shop", shop);
});
afterEach(() => user.leave());

describe("hawser scale", () => {
  it("runs as many of each as are asked for", async () => {
    const result = await user.run(["scale", "orders=3", "inventory=0"]);
    expect(result).toEqual({ code: 0, out: "scaled orders to 3\nscaled inventory to 0\n", err: "" });
    expect(shop.asked).toEqual(["scale orders 3", "scale inventory 0"]);
  });

  it.each(["orders", "orders=", "orders=-1", "orders=1.5", "orders=many", "=3", "orders=1001"])(
    "refuses %s before it does anything",
    async (text) => {
      const { code, err } = await user.run(["scale", "inventory=2", text]);
      expect(code).toBe(2);
      expect(err).toBe(`hawser: "${text}": expected a service and how many of it, up to 1000, like orders=3\n`);
      expect(shop.asked).toEqual([]);
    },
  );
});
