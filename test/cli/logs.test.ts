import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.js";
import { child, FakeSupervisor, line } from "../support/fake-supervisor.js";
import { User } from "./support/running-app.js";

let user: User;
let shop: FakeSupervisor;
beforeEach(async () => {
  user = new User();
  shop = new FakeSupervisor(child({ name: "orders-1" }), child({ name: "inventory-1" }));
  shop.written = [line("orders-1", "first"), line("inventory-1", "second"), line("orders-1", "third")];
  await user.up("shop", shop);
});
afterEach(() => user.leave());

describe("hawser logs", () => {
  it("prints the last lines, each with its process in front", async () => {
    expect(await user.run(["logs"])).toEqual({
      code: 0,
      out: "orders-1    │ first\ninventory-1 │ second\norders-1    │ third\n",
      err: "",
    });
    expect((await user.run(["logs", "-n", "1"])).out).toBe("orders-1    │ third\n");
    expect((await user.run(["logs", "inventory"])).out).toBe("inventory-1 │ second\n");
    expect((await user.run(["logs", "--lines", "0"])).out).toBe("");
  });

  it("prints objects for programs", async () => {
    const { out } = await user.run(["logs", "inventory", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ child: "inventory-1", stream: "stdout", text: "second" });
  });

  it("goes on with what comes and what happens, and ends well where it is interrupted", async () => {
    const { out, err, code, interrupt } = user.start(["logs", "-f", "orders"]);
    await out.line((each) => each.endsWith("third"));
    await eventually(() => expect(shop.listeners).toBe(2));
    shop.say("inventory-1", "not asked for");
    shop.say("orders-1", "fourth");
    shop.happen("orders-1", "exited", "exited with code 1");
    await out.line((each) => each.endsWith("EVENT exited with code 1"));
    interrupt();
    expect([await code, err.text]).toEqual([0, ""]);
    expect(out.lines.slice(2)).toEqual([
      "orders-1    │ fourth",
      expect.stringMatching(/^orders-1 {4}│ [\d:.]+ EVENT exited with code 1$/),
    ]);
    await eventually(() => expect(shop.listeners).toBe(0));
  });

  it("ends with the app, after its last line", async () => {
    const { out, code } = user.start(["logs", "-f", "-n", "0"]);
    await eventually(() => expect(shop.listeners).toBe(2));
    shop.say("orders-1", "the last");
    await shop.close();
    expect([await code, out.text]).toEqual([0, "orders-1    │ the last\n"]);
  });

  it("refuses a name nobody has, and a count that is none", async () => {
    const err = 'NOT_FOUND: no process or group "order"; there: orders, orders-1, inventory, inventory-1\n';
    expect(await user.run(["logs", "order"])).toEqual({ code: 1, out: "", err });
    for (const count of ["-1", "many", "1.5", "4294967296"]) {
      const result = await user.run(["logs", `--lines=${count}`]);
      expect(result.code).toBe(2);
      expect(result.err).toContain("Expected a whole number from 0 up");
    }
  });
});
