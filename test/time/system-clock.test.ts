import { AsyncLocalStorage } from "node:async_hooks";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/time/time.js";

const run = promisify(execFile);
const dayMs = 86_400_000;

describe("systemClock", () => {
  test("says the time since the Unix epoch and never goes backwards", () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(dayMs);
    let last = systemClock.now();
    for (let reading = 0; reading < 10_000; reading++) {
      const next = systemClock.now();
      expect(next >= last).toBe(true);
      last = next;
    }
  });

  test("never fires a timer early", async () => {
    const leftOver = (delayMs: number) =>
      new Promise<number>((resolve) => {
        const dueAt = systemClock.now() + delayMs;
        systemClock.timer(delayMs, () => resolve(dueAt - systemClock.now()));
      });
    const all = await Promise.all(Array.from({ length: 200 }, (_, index) => leftOver(index / 13)));
    expect(Math.max(...all)).toBeLessThanOrEqual(0);
  });

  test("lets the process end while nothing but background timers wait", () => {
    const setTimeoutSpy = vi.spyOn(globalThis, "setTimeout");
    try {
      const alarm = () => setTimeoutSpy.mock.results.at(-1)?.value as NodeJS.Timeout;
      const background = systemClock.timer(dayMs, () => {}, true);
      expect(alarm().hasRef()).toBe(false);
      const later = systemClock.timer(2 * dayMs, () => {});
      expect(alarm().hasRef()).toBe(true);
      later.cancel();
      later.cancel();
      expect(alarm().hasRef()).toBe(false);
      const earlier = systemClock.timer(1000, () => {});
      expect(alarm().hasRef()).toBe(true);
      background.cancel();
      expect(alarm().hasRef()).toBe(true);
      earlier.cancel();
      expect(alarm().hasRef()).toBe(false);
    } finally {
      setTimeoutSpy.mockRestore();
    }
  });

  test("ends a process as soon as its last foreground timer has fired", async () => {
    const clock = new URL("../../src/time/system-clock.ts", import.meta.url);
    const lines = [
      `import { systemClock } from ${JSON.stringify(clock.href)};`,
      `systemClock.timer(${dayMs}, () => console.log("never"), true);`,
      `systemClock.timer(${dayMs}, () => console.log("never")).cancel();`,
      `systemClock.timer(5, () => systemClock.timer(5, () => console.log("last")));`,
    ];
    const { stdout } = await run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", lines.join("\n")]);
    expect(stdout).toBe("last\n");
  });

  test("sets many timers off by one setTimeout", () => {
    vi.useFakeTimers();
    try {
      const timers = Array.from({ length: 1000 }, (_, index) => systemClock.timer(1000 + index, () => {}));
      expect(vi.getTimerCount()).toBe(1);
      for (const timer of timers) timer.cancel();
      vi.advanceTimersByTime(10_000);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("fires in no call's context, and lets whoever waits go on in his own", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = await storage.run("a call", async () => {
      const context = await new Promise((resolve) => systemClock.timer(1, () => resolve(storage.getStore())));
      return [context, storage.getStore()];
    });
    expect(seen).toEqual([undefined, "a call"]);
  });
});

describe("systemClock, watched over days", () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  test("fires once, when it is time", () => {
    vi.useFakeTimers();
    const fire = vi.fn();
    systemClock.timer(1000, fire);
    vi.advanceTimersByTime(999);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(10_000);
    expect(fire).toHaveBeenCalledTimes(1);
  });

  test("waits on where setTimeout fires before it is time", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const now = vi.spyOn(performance, "now").mockReturnValue(1000);
    const fire = vi.fn();
    systemClock.timer(10, fire);
    now.mockReturnValue(1009.2);
    vi.advanceTimersByTime(10);
    expect(fire).not.toHaveBeenCalled();
    now.mockReturnValue(1010.1);
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(1);
  });

  test("waits longer than the 24.8 days setTimeout can count", () => {
    vi.useFakeTimers();
    const fire = vi.fn();
    systemClock.timer(60 * dayMs, fire);
    vi.advanceTimersByTime(60 * dayMs - 1);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(1);
  });

  test("never fires a timer set for ever", () => {
    vi.useFakeTimers();
    const fire = vi.fn();
    const timer = systemClock.timer(Number.POSITIVE_INFINITY, fire);
    vi.advanceTimersByTime(400 * dayMs);
    expect(fire).not.toHaveBeenCalled();
    timer.cancel();
    vi.advanceTimersByTime(400 * dayMs);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("does not fire after cancel, on the first stretch of a long wait or a later one", () => {
    vi.useFakeTimers();
    const fire = vi.fn();
    const first = systemClock.timer(60 * dayMs, fire);
    first.cancel();
    const later = systemClock.timer(60 * dayMs, fire);
    vi.advanceTimersByTime(30 * dayMs);
    later.cancel();
    later.cancel();
    vi.advanceTimersByTime(60 * dayMs);
    expect(fire).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("takes a delay in the past for now, and still does not fire before its caller has gone on", () => {
    vi.useFakeTimers();
    const fire = vi.fn();
    systemClock.timer(-5, fire);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(1);
  });
});
