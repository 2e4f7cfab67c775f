import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { child, FakeSupervisor, startFailure } from "../support/fake-supervisor.js";
import { Moment } from "../support/moment.js";
import { User } from "./support/running-app.js";

let user: User;
let shop: FakeSupervisor;
beforeEach(async () => {
  user = new User();
  shop = new FakeSupervisor(child({ name: "orders-1" }), child({ name: "inventory-1" }));
  await user.up("shop", shop);
});
afterEach(() => user.leave());

describe("hawser restart", () => {
  it("tells what happens, and when all is done", async () => {
    shop.work = async () => {
      shop.happen("orders-1", "started", "started (pid 12)");
      shop.happen("orders-1", "ready", "ready after 0.3 s");
    };
    const { code, out, err } = await user.run(["restart", "orders"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(shop.asked).toEqual(["restart orders"]);
    expect(out.split("\n")).toEqual([
      expect.stringMatching(/^orders-1 │ [\d:.]+ EVENT started \(pid 12\)$/),
      expect.stringMatching(/^orders-1 │ [\d:.]+ EVENT ready after 0\.3 s$/),
      "restarted orders",
      "",
    ]);
  });

  it("restarts all where none is named", async () => {
    expect(await user.run(["restart"])).toEqual({ code: 0, out: "restarted shop\n", err: "" });
    expect(shop.asked).toEqual(["restart"]);
  });

  it("tells programs one object for each thing that happens", async () => {
    shop.work = async () => shop.happen("orders-1", "ready");
    const { out } = await user.run(["restart", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ child: "orders-1", type: "ready" });
  });

  it("prints the report where a process did not start, and one line of failure", async () => {
    shop.work = async () => {
      throw startFailure("orders-1", "orders-1 ended with code 1\n  | \u001b[31mboom");
    };
    expect(await user.run(["restart", "orders"])).toEqual({
      code: 1,
      out: "",
      err: "orders-1 ended with code 1\n  | boom\nFAILED_PRECONDITION: orders-1 ended with code 1\n",
    });
    const { out, err } = await user.run(["restart", "orders", "--json"]);
    expect(JSON.parse(out)).toEqual({ report: "orders-1 ended with code 1\n  | \u001b[31mboom" });
    expect(JSON.parse(err)).toMatchObject({ code: "FAILED_PRECONDITION", message: "orders-1 ended with code 1" });
  });

  it("can be interrupted; what was begun goes on", async () => {
    const [begun, finish, finished] = [new Moment(), new Moment(), new Moment()];
    shop.work = async () => {
      begun.now();
      await finish.promise;
      finished.now();
    };
    const { code, out, err, interrupt } = user.start(["restart"]);
    await begun.promise;
    interrupt();
    expect([await code, out.text, err.text]).toEqual([130, "", ""]);
    finish.now();
    await finished.promise;
  });
});
