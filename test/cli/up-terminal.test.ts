import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { talk } from "./support/project.js";
import { hawserFile } from "./support/real-command.js";
import { Workplace } from "./support/workplace.js";

vi.setConfig({ testTimeout: 60_000 });

/** Of util-linux: runs a command on a terminal of its own, which is what is written to and read from here. */
const noScript = spawnSync("script", ["--version"]).status === 0 ? false : "there is no script(1) of util-linux here";

class OnTerminal {
  readonly #process: ChildProcess;
  screen = "";
  readonly ended: Promise<number>;

  constructor(args: readonly string[], env: object) {
    // exec: a shell that stays in between would take Ctrl-C itself, and its exit code would be the one that is seen.
    const line = ["exec", process.execPath, hawserFile, ...args].join(" ");
    this.#process = spawn("script", ["-qec", line, "/dev/null"], {
      env: { ...process.env, ...env, HAWSER_REGISTRY: "", COLUMNS: "120", LINES: "24", TERM: "xterm" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#process.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.screen += text;
    });
    this.ended = once(this.#process, "close").then(([code]) => code);
  }

  /** Until it was seen; colours and the like do not count. */
  async shows(pattern: RegExp): Promise<void> {
    await vi.waitFor(() => expect(stripVTControlCharacters(this.screen)).toMatch(pattern), {
      timeout: 30_000,
      interval: 50,
    });
  }

  type(keys: string): void {
    this.#process.stdin!.write(keys);
  }
}

const enter = "\u001b[?1049h";
const leave = "\u001b[?1049l";

describe.skipIf(noScript).concurrent(`on a terminal${noScript ? ` (skipped: ${noScript})` : ""}`, () => {
  it("hawser up --tui shows how all are, restarts with a key, and leaves the terminal as it was", async () => {
    await using place = await Workplace.make();
    const app = await place.project.app(talk);
    const tui = new OnTerminal(["up", app, "--tui"], place.shell.env);
    await tui.shows(/talk {2}pid \d+ {2}up \d+s {2}hawser:/);
    await tui.shows(/> words-1 +\d+ +ready[^\n]*\n[^\n]*front-1 +\d+ +ready[\s\S]*talk: ready after/);
    const before = await place.processes();
    tui.type("r");
    await tui.shows(/restart words-1: done/);
    expect((await place.processes())["words-1"]?.pid).not.toBe(before["words-1"]?.pid);
    expect(await place.sayHello()).toBe("Hello Ada");
    tui.type("q");
    expect(await tui.ended).toBe(0);
    expect(tui.screen.split(enter)).toHaveLength(2);
    expect(tui.screen.lastIndexOf(leave)).toBeGreaterThan(tui.screen.lastIndexOf("stopping; once more to end at once"));
    place.expectNothingLeft();
  });

  it("hawser up --tui ends at Ctrl-C, and says why where an app does not start", async () => {
    await using place = await Workplace.make();
    const app = await place.project.app(
      talk.replace("setup: ({ needs }) =>", 'setup: () => { throw new Error("no ink") }, other: ({ needs }) =>'),
    );
    const tui = new OnTerminal(["up", app, "--tui"], place.shell.env);
    expect(await tui.ended).toBe(1);
    const after = stripVTControlCharacters(tui.screen.slice(tui.screen.lastIndexOf(leave)));
    expect(after).toMatch(
      /hawser: front: setup failed: no ink[\s\S]*hawser: talk is stopped: front-1 cannot be kept running/,
    );
    const good = new OnTerminal(["up", await place.project.app(talk), "--tui"], place.shell.env);
    await good.shows(/talk: ready after/);
    good.type("\u0003");
    expect(await good.ended).toBe(0);
    place.expectNothingLeft();
  });

  it("hawser run tells the log for people, and ends at Ctrl-C", async () => {
    await using place = await Workplace.make();
    const run = new OnTerminal(["run", await place.project.app(talk)], place.shell.env);
    await run.shows(/^words │ \d\d:\d\d:\d\d\.\d{3} INFO {2}serving instance=/m);
    await run.shows(/^talk: words, front here, in one process; nothing listens\r$/m);
    run.type("\u0003");
    expect(await run.ended).toBe(0);
    place.expectNothingLeft();
  });
});
