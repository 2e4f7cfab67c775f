import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { Guard } from "../../../src/supervisor/launcher/guard.js";
import type { ProcessSpec } from "../../../src/supervisor/supervisor.js";
import { eventually } from "../../support/eventually.js";
import { ManualClock } from "../../support/manual-clock.js";
import { gone, real, runs, typescript } from "../processes.js";

/** A supervisor that runs in a process of its own, and leads a group of its own as one does that a shell starts. */
interface Apart {
  readonly process: ChildProcess;
  readonly children: readonly number[];
  readonly grandchildren: readonly number[];
  readonly lines: readonly { readonly child?: string; readonly text?: string }[];
}

const left: number[] = [];
afterEach(() => {
  for (const pid of left.splice(0)) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // as it should be
    }
  }
});

async function superviseApart(children: readonly ProcessSpec[]): Promise<Apart> {
  const args = typescript("supervisor.ts", JSON.stringify(children));
  const supervisor = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const lines: { child?: string; text?: string; ready?: number[] }[] = [];
  const ready = new Promise<readonly number[]>((resolve) => {
    createInterface(supervisor.stdout).on("line", (line) => {
      lines.push(JSON.parse(line));
      const pids = lines.at(-1)?.ready;
      if (pids !== undefined) resolve(pids);
    });
  });
  const pids = await ready;
  const grandchildren = lines
    .filter(({ text }) => text?.startsWith("grandchild"))
    .map(({ text }) => Number(text?.split(" ")[1]));
  left.push(supervisor.pid as number, ...pids);
  return { process: supervisor, children: pids, grandchildren, lines };
}

describe("a supervisor that is killed", { timeout: 60_000 }, () => {
  it("takes along who would not go, who is stopped, and whom they have started", async () => {
    const {
      process: supervisor,
      children,
      grandchildren,
    } = await superviseApart([
      real("well", []),
      real("deaf", ["deaf", "grandchild"]),
      real("stopped", ["grandchild"]),
      real("mute", ["deaf"], { protocol: false }),
    ]);
    process.kill(children[2] as number, "SIGSTOP");
    expect([...children, ...grandchildren].filter(runs)).toHaveLength(6);
    supervisor.kill("SIGKILL");
    await gone([...children, ...grandchildren]);
  });

  it("takes all along where its whole group is killed", async () => {
    const { process: supervisor, children } = await superviseApart([real("a", []), real("b", ["deaf"])]);
    process.kill(-(supervisor.pid as number), "SIGKILL");
    await gone(children);
  });
});

describe("Ctrl-C in the terminal of a supervisor", { timeout: 60_000 }, () => {
  it("reaches the supervisor only, which stops its processes in order and leaves nothing", async () => {
    const { process: supervisor, children, lines } = await superviseApart([real("a", []), real("b", ["grandchild"])]);
    const closed = once(supervisor, "close");
    process.kill(-(supervisor.pid as number), "SIGINT");
    expect(await closed).toEqual([0, null]); // by itself: nothing is open any more
    expect(lines.filter(({ text }) => text === "SIGINT")).toEqual([]);
    expect(lines.filter(({ text }) => text === "SIGTERM")).toHaveLength(2);
    await gone(children);
  });
});

describe("the guard", { timeout: 60_000 }, () => {
  const group = (...does: string[]): number => {
    const { command, args } = real("x", does);
    const { pid } = spawn(command, args, { detached: true, stdio: "ignore" });
    left.push(pid as number);
    return pid as number;
  };

  it("ends the groups it knows, and no others", async () => {
    const guard = new Guard();
    await guard.open();
    const [known, deaf, forgotten] = [group(), group("deaf"), group()];
    guard.add(known);
    guard.add(forgotten);
    guard.add(deaf);
    guard.remove(forgotten);
    const pid = guard.pid as number;
    await guard.close();
    await gone([known, deaf, pid]);
    expect(runs(forgotten)).toBe(true);
  });

  it("goes at once where it knows of none", async () => {
    const guard = new Guard();
    await guard.open();
    const pid = guard.pid as number;
    await guard.close();
    expect(runs(pid)).toBe(false);
    await guard.close();
  });

  it("is not impressed by the signals of a terminal", async () => {
    const guard = new Guard();
    await guard.open();
    const pid = guard.pid as number;
    for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.kill(pid, signal);
    const known = group();
    guard.add(known);
    await guard.close();
    await gone([known]);
  });

  it("that is killed is replaced by one that knows the same groups", async () => {
    const guard = new Guard();
    await guard.open();
    const known = group();
    guard.add(known);
    const first = guard.pid as number;
    process.kill(first, "SIGKILL");
    await eventually(() => expect([undefined, first]).not.toContain(guard.pid)); // it tells nobody
    expect(runs(guard.pid as number)).toBe(true);
    await guard.close();
    await gone([known]);
  });

  it("that cannot be replaced at once is tried again until it is, and that is warned of once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hawser-"));
    const shell = join(folder, "sh");
    const allow = (): void => writeFileSync(shell, '#!/bin/sh\nexec /bin/sh "$@"\n', { mode: 0o700 });
    const warnings: string[] = [];
    const hear = ({ name, message }: Error) => name === "SupervisorWarning" && void warnings.push(message);
    process.on("warning", hear);
    allow();
    const clock = new ManualClock();
    const guard = new Guard({ shell, clock });
    await guard.open();
    const known = group();
    guard.add(known);
    writeFileSync(shell, "#!/bin/sh\nexit 1\n");
    process.kill(guard.pid as number, "SIGKILL");
    for (let tries = 0; tries < 12; tries++) {
      await eventually(() => expect(clock.pending).toBe(1)); // it tells nobody
      clock.advance(clock.nextMs ?? 0);
    }
    await eventually(() => expect(clock.pending).toBe(1));
    const message = `the guard has died and cannot be replaced, which is tried on: ${shell} ended at once`;
    expect(warnings).toEqual([expect.stringContaining(message)]);
    allow();
    clock.advance(clock.nextMs ?? 0);
    await eventually(() => expect(guard.pid).toBeDefined());
    await guard.close();
    await gone([known]);
    process.off("warning", hear);
    rmSync(folder, { recursive: true });
  });

  it("that is closed while it is to be replaced is not", async () => {
    const clock = new ManualClock();
    const guard = new Guard({ clock });
    await guard.open();
    process.kill(guard.pid as number, "SIGKILL");
    await eventually(() => expect(clock.pending).toBe(1));
    await guard.close();
    expect({ pid: guard.pid, pending: clock.pending }).toEqual({ pid: undefined, pending: 0 });
  });

  it("needs a shell", async () => {
    await expect(new Guard({ shell: "/nowhere/sh" }).open()).rejects.toThrow("there is no /nowhere/sh");
    await expect(new Guard({ shell: "/bin/false" }).open()).rejects.toThrow("/bin/false ended at once");
  });
});
