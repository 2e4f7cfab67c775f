import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runningRegistry } from "../../src/cli/up/runtime-folder.js";
import { child, FakeSupervisor } from "../support/fake-supervisor.js";
import { ManualClock } from "../support/manual-clock.js";
import { User } from "./support/running-app.js";

let user: User;
beforeEach(() => {
  user = new User();
});
afterEach(() => user.leave());

const stats = { cpu: 0.031, memoryBytes: 88_080_384, eventLoopDelayMs: 1, callsPerSecond: 120.4, errorsPerSecond: 0 };
const startedAt = Date.UTC(2020, 0, 1);
const shop = () =>
  new FakeSupervisor(
    child({ name: "inventory-1", pid: 11, startedAt, stats: { ...stats, p50Ms: 1, p99Ms: 1.2 } }),
    child({
      name: "orders-1",
      pid: 12,
      startedAt: startedAt + 60_000,
      restarts: 3,
      stats: { ...stats, callsPerSecond: 0.25, errorsPerSecond: 2, p50Ms: 20, p99Ms: 1500 },
    }),
    child({ name: "orders-2", pid: 13, state: "starting", step: "setting up orders", startedAt: startedAt + 119_000 }),
    child({ name: "storefront-1", pid: undefined, startedAt: undefined, state: "backing-off", restarts: 1 }),
  );

describe("hawser ps", () => {
  it("shows every process and how it is", async () => {
    const { file, registry, startedAt: since } = await user.up("shop", shop());
    const clock = new ManualClock(startedAt + 120_000);
    const { code, out, err } = await user.run(["ps"], { clock });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(since).toBeGreaterThan(clock.now()); // an uptime is never negative
    expect(out).toBe(
      `${[
        `shop  pid ${process.pid}  up 0s  ${registry}  ${file}`,
        "SERVICE       PID  STATE                        RESTARTS  CPU  MEM  CALLS/S  P99     ERRORS/S  UPTIME",
        "inventory-1   11   ready                        0         3%   84M  120      1.20ms  0         2m 0s",
        "orders-1      12   ready                        3         3%   84M  0.3      1.5s    2         1m 0s",
        "orders-2      13   starting: setting up orders  0         -    -    -        -       -         1s",
        "storefront-1  -    backing-off                  1         -    -    -        -       -         -",
      ].join("\n")}\n`,
    );
  });

  it("tells it to programs, and leaves out what is not known", async () => {
    const { file, registry, startedAt: since } = await user.up("shop", shop());
    const { out } = await user.run(["ps", "--json"]);
    const [app, ...others] = JSON.parse(out);
    expect(others).toEqual([]);
    const about = { name: "shop", file, pid: process.pid, registry, startedAt: new Date(since).toISOString() };
    expect(app).toEqual({ ...about, children: expect.any(Array) });
    expect(app.children).toHaveLength(4);
    expect(app.children[1]).toEqual({
      name: "orders-1",
      group: "orders",
      state: "ready",
      pid: 12,
      restarts: 3,
      startedAt: "2020-01-01T00:01:00.000Z",
      stats: { ...stats, callsPerSecond: 0.25, errorsPerSecond: 2, p50Ms: 20, p99Ms: 1500 },
    });
    expect(app.children[3]).toEqual({ name: "storefront-1", group: "storefront", state: "backing-off", restarts: 1 });
  });

  it("shows every app of this user, or the one that is named", async () => {
    await user.up("shop", shop(), 11);
    await user.up("blog", new FakeSupervisor(child({ name: "posts-1" })), 12);
    const names = async (...args: string[]): Promise<string[]> =>
      JSON.parse((await user.run(["ps", "--json", ...args])).out).map(({ name }: { name: string }) => name);
    expect(await names()).toEqual(["blog", "shop"]);
    expect(await names("--app", "shop")).toEqual(["shop"]);
    expect(await names("--app", "12")).toEqual(["blog"]);
    const { out } = await user.run(["ps"]);
    expect(out.split("\n\n").map((page) => page.split(" ")[0])).toEqual(["blog", "shop"]);
  });

  it("keeps the password of a registry to itself", async () => {
    await user.up("shop", shop(), 11, "etcd://ada:secret@10.0.0.1:2379");
    for (const args of [["ps"], ["ps", "--json"]]) {
      const { out } = await user.run(args);
      expect(out).toContain("etcd://…@10.0.0.1:2379");
      expect(out).not.toContain("secret");
    }
    expect(await runningRegistry(user.env)).toBe("etcd://ada:secret@10.0.0.1:2379");
  });

  it("says that nobody of a name runs, and who does", async () => {
    await user.up("shop", shop(), 11);
    expect(await user.run(["ps", "--app", "blog"])).toEqual({
      code: 1,
      out: "",
      err: 'hawser: no app "blog" of yours is running; running: shop (pid 11)\n',
    });
  });

  it.each(["ps", "logs", "restart", "stop --all", "scale orders=2"])(
    "says with `%s` that nothing runs",
    async (args) => {
      const err = "hawser: no app of yours is running; try: hawser up\n";
      expect(await user.run(args.split(" "))).toEqual({ code: 1, out: "", err });
    },
  );

  it.each(["logs", "restart", "stop orders", "stop --all", "scale orders=2"])(
    "with `%s` asks which app is meant where several run",
    async (args) => {
      const [first, second] = [shop(), shop()];
      await user.up("shop", first, 11);
      await user.up("blog", second, 12);
      const err = "hawser: several apps are running: blog (pid 12), shop (pid 11); say which with --app\n";
      expect(await user.run(args.split(" "))).toEqual({ code: 2, out: "", err });
      expect([...first.asked, ...second.asked]).toEqual([]);
    },
  );

  it("colours what is well and what is not on a terminal", async () => {
    await user.up("shop", shop());
    const { out } = await user.run(["ps"], { tty: true });
    expect(out).toContain("\u001b[32mready\u001b[0m");
    expect(out).toContain("\u001b[31mbacking-off\u001b[0m");
    expect((await user.run(["ps", "--no-color"], { tty: true })).out).not.toContain("\u001b");
  });
});
