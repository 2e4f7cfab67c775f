import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createSupervisor, type ProcessSpec, type Supervisor } from "../../../src/supervisor/supervisor.js";
import { User } from "../../cli/support/running-app.js";
import { eventually } from "../../support/eventually.js";

let user: User;
let supervisor: Supervisor;
beforeEach(() => {
  user = new User();
});
afterEach(async () => {
  await supervisor.close();
  await user.leave();
});

/** Says who it is and runs until it is asked to go. */
function speaker(name: string, script = ""): ProcessSpec {
  const run = `console.log("hello from", process.pid); ${script} setInterval(() => {}, 1 << 30);`;
  return { name, command: process.execPath, args: ["-e", run], protocol: false };
}

const pids = async (): Promise<{ readonly [name: string]: number }> => {
  const [app] = JSON.parse((await user.run(["ps", "--json"])).out);
  return Object.fromEntries(app.children.map(({ name, pid }: { name: string; pid: number }) => [name, pid]));
};

it("A supervisor of real processes is watched, told what to do and ended by the command", async () => {
  const orders = { name: "orders", children: [speaker("orders-1")] };
  const inventory = { name: "inventory", children: [speaker("inventory-1")] };
  supervisor = createSupervisor({ name: "shop", children: [inventory, orders] });
  await user.up("shop", supervisor);
  await supervisor.start();

  const before = await pids();
  expect(Object.keys(before)).toEqual(["inventory-1", "orders-1"]);
  await eventually(async () => {
    const { out } = await user.run(["logs", "orders"]);
    expect(out).toBe(`orders-1    │ hello from ${before["orders-1"]}\n`);
  });

  expect(await user.run(["restart", "orders"])).toMatchObject({ code: 0, err: "" });
  const after = await pids();
  expect(after["inventory-1"]).toBe(before["inventory-1"]);
  expect(after["orders-1"]).not.toBe(before["orders-1"]);

  expect(await user.run(["scale", "orders=3"])).toMatchObject({ code: 0, err: "" });
  expect(Object.keys(await pids())).toEqual(["inventory-1", "orders-1", "orders-2", "orders-3"]);
  expect(await user.run(["stop", "inventory"])).toMatchObject({ code: 0, err: "" });
  expect((await pids())["inventory-1"]).toBeUndefined();

  const follower = user.start(["logs", "--follow"]);
  await follower.out.line((line) => line.includes("hello"));
  expect(await user.run(["stop", "--all"])).toMatchObject({ code: 0, err: "" });
  expect(await supervisor.ended).toBeUndefined();
  expect([await follower.code, follower.err.text]).toEqual([0, ""]);
  expect((await user.run(["ps"])).err).toBe("hawser: no app of yours is running; try: hawser up\n");
});

it("A name nobody has is told as it is, by every verb", async () => {
  supervisor = createSupervisor({ name: "shop", children: [{ name: "orders", children: [speaker("orders-1")] }] });
  await user.up("shop", supervisor);
  await supervisor.start();
  for (const args of ["restart order", "stop order", "scale order=2", "logs order"]) {
    const { code, err } = await user.run(args.split(" "));
    expect(code).toBe(1);
    expect(err).toMatch(/^NOT_FOUND: .*order.*orders.*\n$/);
  }
});

it("A group that cannot be scaled is told to be that, and not to be missing", async () => {
  supervisor = createSupervisor({ name: "shop", children: [{ name: "orders", children: [speaker("one")] }] });
  await user.up("shop", supervisor);
  await supervisor.start();
  const { code, err } = await user.run(["scale", "orders=2"]);
  expect(code).toBe(1);
  expect(err).toMatch(/^FAILED_PRECONDITION: scale: the children of "orders" are not like processes/);
});

it("A process that does not start again is reported, and the old one stays", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "hawser-cwd-"));
  const orders = { name: "orders", children: [{ ...speaker("orders-1"), cwd }] };
  supervisor = createSupervisor({ name: "shop", children: [orders] });
  await user.up("shop", supervisor);
  await supervisor.start();
  const before = await pids();
  rmSync(cwd, { recursive: true });
  const { code, err } = await user.run(["restart"]);
  expect(code).toBe(1);
  const lines = err.split("\n");
  expect(lines[0]).toContain(`there is no folder "${cwd}"`);
  expect(lines.slice(-2)).toEqual([`FAILED_PRECONDITION: ${lines[0]}`, ""]);
  expect(await pids()).toEqual(before);
});
