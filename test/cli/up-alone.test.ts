import { describe, expect, it, vi } from "vitest";
import { EtcdServer } from "../support/etcd.js";
import { talk } from "./support/project.js";
import { Workplace } from "./support/workplace.js";

vi.setConfig({ testTimeout: 60_000 });

const ready = /^\w+: ready after /m;

describe.concurrent("hawser up", () => {
  it("has services of a group in one process, where they call each other in it", async () => {
    await using place = await Workplace.make();
    const up = await place.start(["up", await place.project.app(talk), "--group", "both=words,front"], ready);
    expect(Object.keys(await place.processes())).toEqual(["both-1"]);
    expect(await place.sayHello()).toBe("Hello Ada");
    expect((await up.stop()).code).toBe(0);
    place.expectNothingLeft();
  });

  it("finds its services in an etcd, and leaves nothing there", async () => {
    await using place = await Workplace.make();
    const etcd = await EtcdServer.start();
    try {
      const url = `etcd://${etcd.endpoint}/shops`;
      const up = await place.start(["up", await place.project.app(talk)], ready, { HAWSER_REGISTRY: url });
      expect(up.err).toContain(`talk: HAWSER_REGISTRY=${url}\n`);
      expect(await place.sayHello()).toBe("Hello Ada");
      expect((await etcd.ctl("get", "--prefix", "", "--keys-only")).split("\n").filter(Boolean)).toHaveLength(2);
      expect((await up.stop()).code).toBe(0);
      expect(await etcd.ctl("get", "--prefix", "", "--keys-only")).toBe("");
    } finally {
      await etcd.stop();
    }
  });

  it("ends with 130 where it is interrupted while it starts, and leaves nothing", async () => {
    await using place = await Workplace.make();
    const app = await place.project.app(`const slow = defineService({
  name: "slow",
  setup: () => { console.log("begun"); return new Promise(() => setInterval(() => {}, 1000)); },
});
export default defineApp({ services: [slow] });`);
    const up = await place.start(["up", app], /^slow-1 │ begun$/m);
    expect((await up.stop("SIGINT")).code).toBe(130);
    place.expectNothingLeft();
  });

  it("gives up with a report of the last lines where a process ends too often", async () => {
    await using place = await Workplace.make();
    const app = await place.project.app(
      `const loop = defineService({
  name: "loop",
  setup: ({ background, log }) =>
    background("falling", async () => { log.warn({ depth: 7 }, "falling"); throw new Error("no ground"); }),
});
export default defineApp({ name: "loops", services: [loop, defineService({ name: "calm", setup() {} })] });`,
      "loop.mjs",
    );
    const { code, out, err } = await place.shell.run(["up", app, "--max-restarts", "1"]);
    expect(code).toBe(1);
    expect(out).toMatch(/^loop-1 │ \S+ EVENT starts again in \S+ s \(restart 1\)$/m);
    const report = err.slice(err.indexOf("loop gave up"));
    expect(report).toMatch(
      /^loop gave up \(more than 1 restart within 30 s\): loop-1 ended with code 1\nthe last lines of loop-1:\n/,
    );
    expect(report).toMatch(/^ {2}\| \S+ WARN {2}falling service=loop depth=7$/m);
    expect(report).toMatch(/^ {2}\| hawser: loop: the background task "falling" failed: no ground$/m);
    expect(report).toMatch(/\nhawser: loops is stopped: loop-1 cannot be kept running\n$/);
  });

  it("ends at once at a second Ctrl-C, and takes those along that would not stop", async () => {
    await using place = await Workplace.make();
    const app = await place.project.app(
      `const stubborn = defineService({
  name: "stubborn",
  setup: ({ onStop }) => onStop(() => { console.log("never"); return new Promise(() => {}); }),
});
export default defineApp({ services: [stubborn] });`,
      "stubborn.mjs",
    );
    const up = await place.start(["up", app], ready);
    up.signal("SIGINT");
    await up.says(/^stubborn-1 │ never$/m);
    const again = setInterval(() => up.signal("SIGINT"), 300); // what comes within the first second may be an echo of the first
    expect((await up.ended).code).toBe(1);
    clearInterval(again);
    await vi.waitFor(() => place.expectNothingLeft(), 10_000);
  });

  it("stays at hand while a process writes more than anybody can read", async () => {
    await using place = await Workplace.make();
    const app = await place.project.app(
      `${talk.replace("export default", "const all =")}
const loud = defineService({
  name: "loud",
  setup: ({ background }) =>
    background("shouting", async (signal) => {
      while (!signal.aborted) {
        for (let i = 0; i < 2000; i += 1) console.log("x".repeat(200));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
});
export default defineApp({ name: "talk", services: [...all.given, loud] });`,
      "loud.mjs",
    );
    const up = await place.start(["up", app], ready);
    for (let i = 0; i < 5; i += 1) expect(await place.sayHello()).toBe("Hello Ada");
    expect(Object.values(await place.processes()).map(({ state }) => state)).toEqual(["ready", "ready", "ready"]);
    expect((await place.hawser("logs", "loud", "-n", "2")).out).toMatch(/^loud-1 +│ x{200}\n/);
    expect((await up.stop()).code).toBe(0);
    place.expectNothingLeft();
  });
});
