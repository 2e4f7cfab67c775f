import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  createSupervisor,
  joinSupervisor,
  type ProcessSpec,
  type Supervisor,
} from "../../../src/supervisor/supervisor.js";
import { gone, typescript } from "../processes.js";

const open: Supervisor[] = [];
afterEach(async () => {
  for (const supervisor of open.splice(0)) await supervisor.close();
});

function joined(does: readonly string[], more: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name: "orders-1", command: process.execPath, args: typescript("joined.ts", ...does), ...more };
}

function supervise(child: ProcessSpec): Supervisor {
  const supervisor = createSupervisor({ name: "shop", children: [child] });
  open.push(supervisor);
  return supervisor;
}

describe("a process that joins its supervisor", { timeout: 60_000 }, () => {
  it("tells of its steps, is ready when it says so, and knows its name", async () => {
    const supervisor = supervise(joined(["measure"]));
    await supervisor.start();
    expect(supervisor.children()).toMatchObject([{ state: "ready", step: "looking around" }]);
    await supervisor.close();
    expect(supervisor.lines().map(({ text }) => text)).toContain("joined as orders-1, a second time: undefined");
  });

  it("measures itself once a second", async () => {
    const supervisor = supervise(joined(["measure"]));
    await supervisor.start();
    const stats = await vi.waitFor(
      () => {
        const { stats } = supervisor.children()[0] ?? {};
        if (stats === undefined) throw new Error("none yet");
        return stats;
      },
      { timeout: 30_000 },
    );
    expect(stats).toMatchObject({ p50Ms: 2, p99Ms: 9 });
    expect(stats.callsPerSecond / stats.errorsPerSecond).toBeCloseTo(7);
    expect(stats.memoryBytes).toBeGreaterThan(10_000_000);
    expect(stats.cpu).toBeGreaterThanOrEqual(0);
    expect(stats.eventLoopDelayMs).toBeGreaterThanOrEqual(0);
  });

  it("answers what it is asked", async () => {
    const supervisor = supervise(joined(["measure"]));
    await supervisor.start();
    expect(await supervisor.ask("orders-1", "add", [1, 2, 3])).toBe(6);
    await expect(supervisor.ask("orders-1", "refuse")).rejects.toThrow("orders-1: not today");
    await expect(supervisor.ask("orders-1", "toString")).rejects.toThrow('orders-1: knows no command "toString"');
  });

  it("may wait for two addresses at once of the one it replaces", async () => {
    const supervisor = supervise(joined(["blocked", "measure"]));
    await supervisor.start();
    await supervisor.restart();
    const lines = supervisor.lines().map(({ text }) => text);
    expect(lines.filter((line) => line.startsWith("the one before has gone"))).toEqual([
      "the one before has gone: false, false",
      "the one before has gone: true, true",
    ]);
  });

  it("is not kept alive by it", async () => {
    const supervisor = supervise(joined([], { restart: "transient" }));
    await supervisor.start();
    expect(await supervisor.ended).toBeUndefined();
    expect(supervisor.children()[0]?.lastExit).toMatchObject({ code: 0, signal: null });
  });

  it("does not pass its supervisor on to those it forks", async () => {
    const supervisor = supervise(joined(["fork"], { restart: "transient" }));
    await supervisor.start();
    await supervisor.ended;
    expect(supervisor.lines().at(-1)?.text).toBe("the forked one: nobody supervises this process");
  });

  it("hears that its supervisor was killed, and can stop in order though nobody reads what it writes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hawser-"));
    const file = join(folder, "lost");
    const child = joined([], { env: { LOST_FILE: file } });
    const supervisor = spawn(process.execPath, typescript("supervisor.ts", JSON.stringify([child])), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = await new Promise<number>((resolve) => {
      supervisor.stdout.setEncoding("utf8").on("data", (text: string) => {
        const ready = /"ready":\[(\d+)\]/.exec(text);
        if (ready !== null) resolve(Number(ready[1]));
      });
    });
    supervisor.kill("SIGKILL");
    await gone([pid]);
    expect(readFileSync(file, "utf8")).toBe("stopped in order");
    rmSync(folder, { recursive: true });
  });
});

describe("a process that nobody supervises", () => {
  it("joins nobody", () => {
    expect(joinSupervisor()).toBeUndefined();
  });
});
