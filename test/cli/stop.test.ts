import { existsSync } from "node:fs";
import { join } from "node:path";
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

describe("hawser stop", () => {
  it("stops those that are named", async () => {
    shop.work = async () => shop.happen("orders-1", "stopped", "exited with code 0");
    const { code, out } = await user.run(["stop", "orders", "inventory-1"]);
    expect(code).toBe(0);
    expect(shop.asked).toEqual(["stop orders inventory-1"]);
    expect(out).toMatch(/^orders-1 │ [\d:.]+ EVENT exited with code 0\nstopped orders, inventory-1\n$/);
  });

  it("says who is there where nobody has the name", async () => {
    shop.work = async () => {
      throw new RangeError('no "order" here; there: orders');
    };
    expect(await user.run(["stop", "order"])).toMatchObject({
      code: 1,
      err: 'NOT_FOUND: no "order" here; there: orders\n',
    });
  });

  it("ends the whole app, and answers when nothing of it is left", async () => {
    shop.work = async () => shop.happen("orders-1", "stopped", "exited with code 0");
    const { code, out, err } = await user.run(["stop", "--all"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(shop.asked).toEqual(["close"]);
    expect(out).toMatch(/EVENT exited with code 0\nstopped shop\n$/);
    expect(existsSync(join(user.folder, "hawser"))).toBe(false);
    expect((await user.run(["ps"])).err).toBe("hawser: no app of yours is running; try: hawser up\n");
  });

  it.each(["stop", "stop orders --all"])("refuses `%s`: it does nothing by accident", async (args) => {
    const err = "hawser: name what shall stop, like orders, or give --all for the whole app\n";
    expect(await user.run(args.split(" "))).toEqual({ code: 2, out: "", err });
    expect(shop.asked).toEqual([]);
  });
});
