import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  createSupervisor,
  type LogLine,
  type ProcessSpec,
  type Supervisor,
} from "../../../src/supervisor/supervisor.js";
import { systemClock } from "../../../src/time/time.js";
import { gone, real, runs } from "../processes.js";

const open: Supervisor[] = [];
afterEach(async () => {
  for (const supervisor of open.splice(0)) await supervisor.close();
});

function supervise(children: readonly ProcessSpec[], more: Parameters<typeof createSupervisor>[1] = {}): Supervisor {
  const supervisor = createSupervisor({ name: "shop", children }, more);
  open.push(supervisor);
  return supervisor;
}

function nextLine(supervisor: Supervisor, wanted: (line: LogLine) => boolean): Promise<LogLine> {
  return new Promise((resolve) => {
    const leave = supervisor.onLine((line) => {
      if (!wanted(line)) return;
      leave();
      resolve(line);
    });
  });
}

/** The process that the fixture `grandchild` has started. */
function grandchildOf(supervisor: Supervisor): number {
  const line = supervisor.lines().find(({ text }) => text.startsWith("grandchild "));
  return Number(line?.text.split(" ")[1]);
}

describe("processes of this machine", { timeout: 60_000 }, () => {
  it("start, say that they are ready, write lines and stop", async () => {
    const supervisor = supervise([
      real("a", []),
      real("b", ["environment"], { env: { FLAVOUR: "mint" }, cwd: tmpdir() }),
    ]);
    await supervisor.start();
    const pids = supervisor.children().map(({ pid }) => pid as number);
    expect(pids.every(runs)).toBe(true);
    expect(supervisor.lines(["b"])).toMatchObject([
      { child: "b", group: "shop", stream: "stdout", text: `b mint ${realpathSync(tmpdir())}` },
      { text: "ready" },
    ]);
    await supervisor.close();
    expect(pids.some(runs)).toBe(false);
    expect(supervisor.children()[0]?.lastExit).toEqual({ code: 0, signal: null, lastLines: ["ready", "SIGTERM"] });
  });

  it("that cannot be started are named, with the reason", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hawser-"));
    const file = join(folder, "data.txt");
    writeFileSync(file, "not a program", { mode: 0o600 });
    const messageOf = (more: Partial<ProcessSpec>) =>
      supervise([real("a", []), { ...real("broken", []), ...more }])
        .start()
        .then(
          () => "started",
          (reason: Error) => reason.message.split("\n")[0],
        );
    expect(await messageOf({ command: "hawser-nodde" })).toBe(
      'broken cannot be started: there is no command "hawser-nodde" (looked for in PATH)',
    );
    expect(await messageOf({ command: "/nowhere/nodde" })).toBe(
      'broken cannot be started: there is no command "/nowhere/nodde"',
    );
    expect(await messageOf({ cwd: "/nowhere" })).toBe(
      'broken cannot be started: there is no folder "/nowhere" to start it in',
    );
    expect(await messageOf({ command: file })).toBe(
      `broken cannot be started: ${JSON.stringify(file)} may not be executed`,
    );
    expect(await messageOf({ args: ["zero\0byte"] })).toMatch(/^broken cannot be started: .*null bytes/);
    rmSync(folder, { recursive: true });
  });

  it("that crash are told of with their last lines, all of them", async () => {
    const failure = await supervise([real("a", ["noise", "crash"])])
      .start()
      .catch((reason: Error) => reason.message);
    expect(failure).toMatch(/^a ended with code 3 before it was ready\nthe last lines of a:\n {2}\| line 4\d\d\n/);
    expect(failure).toContain("  | line 499\n  | cannot open the book\n");
  });

  it("write lines as long as they like, which are kept up to 64 KiB", async () => {
    const supervisor = supervise([real("a", ["noise"])]);
    await supervisor.start();
    const [long, short] = supervisor.lines();
    expect(long?.text).toBe(`${"ä".repeat(64 * 1024)} … [cut: a line of more than 64 KiB]`);
    expect(short?.text).toBe("short");
  });

  it("that hear no SIGTERM are killed with all they have started", async () => {
    const supervisor = supervise([real("a", ["deaf", "grandchild"], { stopTimeoutMs: 100 })]);
    await supervisor.start();
    const pids = [supervisor.children()[0]?.pid as number, grandchildOf(supervisor)];
    expect(pids.every(runs)).toBe(true);
    await supervisor.close();
    await gone(pids);
    expect(supervisor.children()[0]?.lastExit).toMatchObject({
      signal: "SIGKILL",
      reason: "did not end within 0.1 s of SIGTERM",
    });
  });

  it("that are killed leave nothing behind, and come back", async () => {
    const supervisor = supervise([real("a", ["grandchild"])]);
    await supervisor.start();
    const pids = [supervisor.children()[0]?.pid as number, grandchildOf(supervisor)];
    const back = nextLine(supervisor, ({ text }) => text === "ready");
    process.kill(pids[0] as number, "SIGKILL");
    await back;
    await gone(pids);
    expect(supervisor.children()[0]).toMatchObject({ restarts: 1, lastExit: { code: null, signal: "SIGKILL" } });
  });

  it("that freeze are killed and come back", async () => {
    const clock = {
      ...systemClock,
      // Ten times as fast: 2 s until a process counts as frozen.
      timer: (delayMs: number, fire: () => void, background?: boolean) =>
        systemClock.timer(delayMs / 10, fire, background),
    };
    const supervisor = supervise([real("a", [], { readyTimeoutMs: 200_000 })], { clock });
    await supervisor.start();
    const pid = supervisor.children()[0]?.pid as number;
    const back = nextLine(supervisor, ({ text }) => text === "ready");
    process.kill(pid, "SIGSTOP");
    await back;
    expect(runs(pid)).toBe(false);
    expect(supervisor.children()[0]?.lastExit?.reason).toContain("frozen");
  });

  it("that speak no protocol have no channel and no name in their environment", async () => {
    const supervisor = supervise([real("a", ["environment"], { protocol: false, env: { FLAVOUR: "none" } })]);
    await supervisor.start();
    if (supervisor.lines().length === 0) await nextLine(supervisor, () => true);
    expect(supervisor.lines()[0]?.text).toMatch(/^undefined none /);
  });

  it("are replaced without a gap", async () => {
    const supervisor = supervise([real("a", [])]);
    await supervisor.start();
    const before = supervisor.children()[0]?.pid as number;
    await supervisor.restart();
    const after = supervisor.children()[0]?.pid as number;
    expect([runs(before), runs(after)]).toEqual([false, true]);
  });

  it("leave no handle open in this process, however often they are restarted", async () => {
    const before = await handles();
    const supervisor = supervise([real("a", []), real("b", [])]);
    await supervisor.start();
    const running = await handles();
    for (let round = 0; round < 5; round++) await supervisor.restart();
    expect(await handles()).toEqual(running);
    await supervisor.close();
    expect(await handles()).toEqual(before);
  });
});

/** Those of processes and their pipes; what is closing has closed. */
async function handles(): Promise<readonly string[]> {
  await new Promise((resolve) => setTimeout(resolve));
  return process
    .getActiveResourcesInfo()
    .filter((each) => /Process|Pipe/.test(each))
    .sort();
}
