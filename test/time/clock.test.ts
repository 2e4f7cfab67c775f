import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/time/time.js";

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

  test("lets the process end while a background timer waits, and not while another does", () => {
    const setTimeoutSpy = vi.spyOn(globalThis, "setTimeout");
    try {
      const timers = [systemClock.timer(dayMs, () => {}, true), systemClock.timer(dayMs, () => {})];
      const handles = setTimeoutSpy.mock.results.map((result) => result.value as NodeJS.Timeout);
      expect(handles.map((handle) => handle.hasRef())).toEqual([false, true]);
      for (const timer of timers) timer.cancel();
    } finally {
      setTimeoutSpy.mockRestore();
    }
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
