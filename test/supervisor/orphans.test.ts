import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Guard } from "../../src/supervisor/guard.js";
import type { ProcessSpec } from "../../src/supervisor/supervisor.js";
import { gone, real, runs, typescript } from "./processes.js";

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
    await vi.waitFor(() => expect(guard.pid).not.toBe(first)); // it tells nobody
    expect(runs(guard.pid as number)).toBe(true);
    await guard.close();
    await gone([known]);
  });

  it("needs a shell", async () => {
    await expect(new Guard("/nowhere/sh").open()).rejects.toThrow("there is no /nowhere/sh");
    await expect(new Guard("/bin/false").open()).rejects.toThrow("/bin/false ended at once");
  });
});
