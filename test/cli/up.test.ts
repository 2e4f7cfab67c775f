import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { talk } from "./support/project.js";
import type { RealCommand } from "./support/real-command.js";
import { Workplace } from "./support/workplace.js";

vi.setConfig({ testTimeout: 60_000 });

let place: Workplace;
let folder: string;
let up: RealCommand;

describe("an app under hawser up", () => {
  beforeAll(async () => {
    place = await Workplace.make();
    folder = place.project.folder;
    await writeFile(join(folder, "talk.yaml"), "words: { greeting: Ahoy, times: 3 }\n");
    const values = ["--config", join(folder, "talk.yaml"), "--set", "words.times=2"];
    up = await place.start(
      ["up", await place.project.app(talk), "--replicas", "words=2", ...values],
      /^talk: ready after /m,
    );
  });
  afterAll(() => place[Symbol.asyncDispose]());

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
    const answers = new Set(await Promise.all(Array.from({ length: 8 }, () => place.sayHello())));
    expect([...answers]).toEqual(["Ahoy Ahoy Ada"]);
  });

  it("is not started twice", async () => {
    const again = await place.shell.run(["up", join(folder, "app.mjs")]);
    expect(again).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/^hawser: talk runs already \(pid \d+, for \S+\); try: hawser ps, /),
    });
  });

  it("takes one more of a service from somewhere else, in the same registry", async () => {
    const start = place.shell.start(["start", join(folder, "app.mjs"), "words", "--set", "words.greeting=Moin"]);
    await start.says(/^talk: words here/m);
    const [, words] = JSON.parse((await place.hawser("list", "--json")).out);
    expect(words).toEqual({ name: "words", versions: ["0.0.0"], instances: 3 });
    expect((await start.stop()).code).toBe(0);
  });

  it("obeys the other verbs", async () => {
    const before = await place.processes();
    expect(Object.values(before).map(({ state }) => state)).toEqual(["ready", "ready", "ready"]);
    expect(await place.hawser("restart", "front")).toMatchObject({ code: 0, err: "" });
    const after = await place.processes();
    expect(after["front-1"]).toMatchObject({ state: "ready", restarts: 0 });
    expect(after["front-1"]?.pid).not.toBe(before["front-1"]?.pid);
    expect((await place.hawser("stop", "words-1")).code).toBe(0);
    expect((await place.processes())["words-1"]).toMatchObject({ state: "stopped" });
    expect((await place.hawser("scale", "words=1")).code).toBe(0);
    expect((await place.hawser("restart", "words-1")).code).toBe(0);
    expect(Object.keys(await place.processes()).sort()).toEqual(["front-1", "words-1"]);
    expect(await place.sayHello()).toBe("Ahoy Ahoy Ada");
    expect((await place.hawser("logs", "front", "-n", "1")).out).toMatch(/^front-1 │ /);
  });

  it("brings back what was killed", async () => {
    const { "front-1": front } = await place.processes();
    const before = up.sofar;
    process.kill(front!.pid, "SIGKILL");
    await up.says(
      /front-1 │ .* was ended by SIGKILL[\s\S]*front-1 │ .* starts again in .* \(restart 1\)[\s\S]*front-1 │ .* ready after/,
      before,
    );
    expect((await place.processes())["front-1"]).toMatchObject({ state: "ready", restarts: 1 });
  });

  it("takes all processes anew at SIGHUP", async () => {
    const before = await place.processes();
    const told = up.sofar;
    up.signal("SIGHUP");
    await up.says(/front-1 │ .* ended with code 0$/m, told);
    const after = await place.processes();
    for (const name of ["words-1", "front-1"]) expect(after[name]?.pid).not.toBe(before[name]?.pid);
  });

  it("leaves nothing at SIGTERM, and ends with 0", async () => {
    const { code, out } = await up.stop();
    expect(code).toBe(0);
    expect(out).toMatch(/front-1 │ .* stopped\n[\s\S]*words-1 │ .* stopped\n$/);
    place.expectNothingLeft();
    expect(await place.hawser("ps")).toMatchObject({
      code: 1,
      err: "hawser: no app of yours is running; try: hawser up\n",
    });
  });
});
