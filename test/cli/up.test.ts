import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { EtcdServer } from "../support/etcd.js";
import { hawser } from "./support/command.js";
import { Project, talk } from "./support/project.js";
import { type RealCommand, Shell } from "./support/real-command.js";

vi.setConfig({ testTimeout: 60_000 });

let shell: Shell;
let project: Project;
beforeAll(async () => {
  shell = await Shell.open();
  project = await Project.make();
});
afterAll(async () => {
  try {
    expect({ alive: shell.family(), left: shell.leftovers() }).toEqual({ alive: [], left: [] });
  } finally {
    await shell[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  }
});

const ready = /^\w+: ready after /m;

/** As `shell.env` has it, in this process. */
const verb = (...args: readonly string[]) => hawser(args, { env: shell.env });

async function sayHello(): Promise<string> {
  const { out, err } = await verb("call", "front", "SayHello", '{"name":"Ada"}', "--json");
  return err || JSON.parse(out).text;
}

interface Process {
  readonly name: string;
  readonly pid: number;
  readonly state: string;
  readonly restarts: number;
}

async function processes(): Promise<{ readonly [name: string]: Process }> {
  const [{ children }] = JSON.parse((await verb("ps", "--json")).out);
  return Object.fromEntries(children.map((child: Process) => [child.name, child]));
}

describe("an app under hawser up", () => {
  let up: RealCommand;
  beforeAll(async () => {
    await writeFile(join(project.folder, "talk.yaml"), "words: { greeting: Ahoy, times: 3 }\n");
    const values = ["--config", join(project.folder, "talk.yaml"), "--set", "words.times=2"];
    up = shell.start(["up", await project.app(talk), "--replicas", "words=2", ...values]);
    await up.says(ready);
  });

  it("starts each service after those it needs, and says how to go on", () => {
    const told = up.out
      .split("\n")
      .flatMap((line) => /^(\w+-\d) +│ \S+ EVENT (started|ready)/.exec(line)?.slice(1).join(" ") ?? []);
    expect(told.slice(0, 2).sort()).toEqual(["words-1 started", "words-2 started"]);
    expect(told.slice(2, 4).sort()).toEqual(["words-1 ready", "words-2 ready"]);
    expect(told.slice(4)).toEqual(["front-1 started", "front-1 ready"]);
    expect(up.err).toMatch(
      /^talk: HAWSER_REGISTRY=hawser:\/\/127\.0\.0\.1:\d+\ntalk: ready after \S+ s; try: hawser ps, hawser list\n$/,
    );
  });

  it("hands the configuration on to every process, and can be called without being told where it is", async () => {
    const answers = new Set(await Promise.all(Array.from({ length: 8 }, sayHello)));
    expect([...answers]).toEqual(["Ahoy Ahoy Ada"]);
  });

  it("is not started twice", async () => {
    const again = await shell.run(["up", join(project.folder, "app.ts")]);
    expect(again).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/^hawser: talk runs already \(pid \d+, for \S+\); try: hawser ps, /),
    });
  });

  it("takes one more of a service from somewhere else, in the same registry", async () => {
    const start = shell.start(["start", join(project.folder, "app.ts"), "words", "--set", "words.greeting=Moin"]);
    await start.says(/^talk: words here/m);
    const [, words] = JSON.parse((await verb("list", "--json")).out);
    expect(words).toEqual({ name: "words", versions: ["0.0.0"], instances: 3 });
    expect((await start.stop()).code).toBe(0);
  });

  it("obeys the other verbs", async () => {
    const before = await processes();
    expect(Object.values(before).map(({ state }) => state)).toEqual(["ready", "ready", "ready"]);
    expect(await verb("restart", "front")).toMatchObject({ code: 0, err: "" });
    const after = await processes();
    expect(after["front-1"]).toMatchObject({ state: "ready", restarts: 0 });
    expect(after["front-1"]?.pid).not.toBe(before["front-1"]?.pid);
    expect((await verb("stop", "words-1")).code).toBe(0);
    expect((await processes())["words-1"]).toMatchObject({ state: "stopped" });
    expect((await verb("scale", "words=1")).code).toBe(0);
    expect((await verb("restart", "words-1")).code).toBe(0);
    expect(Object.keys(await processes()).sort()).toEqual(["front-1", "words-1"]);
    expect(await sayHello()).toBe("Ahoy Ahoy Ada");
    expect((await verb("logs", "front", "-n", "1")).out).toMatch(/^front-1 │ /);
  });

  it("brings back what was killed", async () => {
    const { "front-1": front } = await processes();
    const before = up.sofar;
    process.kill(front!.pid, "SIGKILL");
    await up.says(
      /front-1 │ .* was ended by SIGKILL[\s\S]*front-1 │ .* starts again in .* \(restart 1\)[\s\S]*front-1 │ .* ready after/,
      before,
    );
    expect((await processes())["front-1"]).toMatchObject({ state: "ready", restarts: 1 });
  });

  it("takes all processes anew at SIGHUP", async () => {
    const before = await processes();
    const told = up.sofar;
    up.signal("SIGHUP");
    await up.says(/front-1 │ .* ended with code 0$/m, told);
    const after = await processes();
    for (const name of ["words-1", "front-1"]) expect(after[name]?.pid).not.toBe(before[name]?.pid);
  });

  it("leaves nothing at SIGTERM, and ends with 0", async () => {
    const { code, out } = await up.stop();
    expect(code).toBe(0);
    expect(out).toMatch(/front-1 │ .* stopped\n[\s\S]*words-1 │ .* stopped\n$/);
    expect({ alive: shell.family(), left: shell.leftovers() }).toEqual({ alive: [], left: [] });
    expect(await verb("ps")).toMatchObject({ code: 1, err: "hawser: no app of yours is running; try: hawser up\n" });
  });
});

describe("hawser up", () => {
  it("has services of a group in one process, where they call each other in it", async () => {
    const up = shell.start(["up", await project.app(talk), "--group", "both=words,front"]);
    await up.says(ready);
    expect(Object.keys(await processes())).toEqual(["both-1"]);
    expect(await sayHello()).toBe("Hello Ada");
    expect((await up.stop()).code).toBe(0);
  });

  it("finds its services in an etcd, and leaves nothing there", async () => {
    const etcd = await EtcdServer.start();
    try {
      const url = `etcd://${etcd.endpoint}/shops`;
      const up = shell.start(["up", await project.app(talk)], { env: { HAWSER_REGISTRY: url } });
      await up.says(ready);
      expect(up.err).toContain(`talk: HAWSER_REGISTRY=${url}\n`);
      expect(await sayHello()).toBe("Hello Ada");
      expect((await etcd.ctl("get", "--prefix", "", "--keys-only")).split("\n").filter(Boolean)).toHaveLength(2);
      expect((await up.stop()).code).toBe(0);
      expect(await etcd.ctl("get", "--prefix", "", "--keys-only")).toBe("");
    } finally {
      await etcd.stop();
    }
  });

  it("gives up with a report of the last lines where a process ends too often", async () => {
    const app = await project.app(
      `const loop = defineService({
  name: "loop",
  setup: ({ background, log }) =>
    background("falling", async () => { log.warn({ depth: 7 }, "falling"); throw new Error("no ground"); }),
});
export default defineApp({ name: "loops", services: [loop, defineService({ name: "calm", setup() {} })] });`,
      "loop.ts",
    );
    const { code, out, err } = await shell.run(["up", app, "--max-restarts", "1"]);
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
    const app = await project.app(
      `const stubborn = defineService({
  name: "stubborn",
  setup: ({ onStop }) => onStop(() => { console.log("never"); return new Promise(() => {}); }),
});
export default defineApp({ services: [stubborn] });`,
      "stubborn.ts",
    );
    const up = shell.start(["up", app]);
    await up.says(ready);
    up.signal("SIGINT");
    await up.says(/^stubborn-1 │ never$/m);
    const again = setInterval(() => up.signal("SIGINT"), 300); // what comes within the first second may be an echo of the first
    expect((await up.ended).code).toBe(1);
    clearInterval(again);
    await vi.waitFor(
      () => expect({ alive: shell.family(), left: shell.leftovers() }).toEqual({ alive: [], left: [] }),
      10_000,
    );
  });

  it("stays at hand while a process writes more than anybody can read", async () => {
    const app = await project.app(
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
      "loud.ts",
    );
    const up = shell.start(["up", app]);
    await up.says(ready);
    for (let i = 0; i < 5; i += 1) expect(await sayHello()).toBe("Hello Ada");
    expect(Object.values(await processes()).map(({ state }) => state)).toEqual(["ready", "ready", "ready"]);
    expect((await verb("logs", "loud", "-n", "2")).out).toMatch(/^loud-1 +│ x{200}\n/);
    expect((await up.stop()).code).toBe(0);
  });
});
