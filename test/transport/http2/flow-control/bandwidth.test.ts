import { describe, expect, test } from "vitest";
import { Bandwidth, maxStreamWindowBytes } from "../../../../src/transport/http2/flow-control/bandwidth.js";

const mebibyte = 1024 * 1024;

interface Road {
  /** There and back, in ms. */
  readonly roundTripMs: number;
  /** What it carries in a ms, in bytes. */
  readonly perMs: number;
  /** How long a PING waits besides, in ms. */
  readonly behindMs?: number;
}

/** A peer that always has something to send, and sends what road and window allow. @returns the windows, in order */
function windowsOn({ roundTripMs, perMs, behindMs = 0 }: Road, bandwidth = new Bandwidth()): number[] {
  const windows = [mebibyte];
  bandwidth.answered(roundTripMs);
  let [now, read] = [0, 0];
  for (let pings = 0; pings < 200; pings++) {
    const window = windows.at(-1) as number;
    const rate = Math.min(perMs, window / roundTripMs);
    while (!bandwidth.isDue(read)) [now, read] = [now + 1, read + rate];
    bandwidth.begin(now, read);
    const afterMs = roundTripMs + behindMs;
    [now, read] = [now + afterMs, read + rate * afterMs];
    const next = bandwidth.end(now, read, window);
    if (next !== undefined) windows.push(next);
  }
  return windows;
}

describe("windows", () => {
  test("grow where a road of 50 ms carries more than they do, until they do not hold the peer back", () => {
    const windows = windowsOn({ roundTripMs: 50, perMs: 125_000 }); // 1 Gbit/s: 6.25 MB are under way
    expect(windows.length).toBeGreaterThan(2);
    expect(windows.at(-1)).toBeGreaterThanOrEqual(6_250_000);
    expect(windows.at(-1)).toBeLessThanOrEqual(2 * 6_250_000);
  });

  test("stay as they are on loopback, however fast it is", () => {
    expect(windowsOn({ roundTripMs: 0.05, perMs: 3_000_000 })).toEqual([mebibyte]);
  });

  test("stay as they are where it is a long queue that keeps the PINGs, not a long road", () => {
    expect(windowsOn({ roundTripMs: 0.05, perMs: 3_000_000, behindMs: 50 })).toEqual([mebibyte]);
  });

  test("stay as they are on a road that is long and slow", () => {
    expect(windowsOn({ roundTripMs: 50, perMs: 5000 })).toEqual([mebibyte]);
  });

  test("grow no further than 16 MiB", () => {
    expect(windowsOn({ roundTripMs: 500, perMs: 1_000_000 }).at(-1)).toBe(maxStreamWindowBytes);
  });
});

describe("measuring", () => {
  test("is due once 64 KiB have been read, and not while a PING is under way", () => {
    const bandwidth = new Bandwidth();
    expect(bandwidth.isDue(64 * 1024 - 1)).toBe(false);
    expect(bandwidth.isDue(64 * 1024)).toBe(true);
    bandwidth.begin(0, 64 * 1024);
    expect(bandwidth.isDue(mebibyte)).toBe(false);
  });

  test("becomes seldom where windows are large enough: every 16 MiB", () => {
    const bandwidth = new Bandwidth();
    windowsOn({ roundTripMs: 0.05, perMs: 1000 }, bandwidth);
    let read = 1e12;
    bandwidth.begin(0, read);
    bandwidth.end(1, read, mebibyte);
    read += 16 * mebibyte;
    expect(bandwidth.isDue(read - 1)).toBe(false);
    expect(bandwidth.isDue(read)).toBe(true);
  });

  test("takes no answer for a PING that nobody sent", () => {
    expect(new Bandwidth().end(50, 100 * mebibyte, mebibyte)).toBeUndefined();
  });
});
