import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { keepTrying } from "../../src/registry/keep-trying.js";
import { sleep } from "../../src/time/time.js";
import { ManualClock } from "../support/manual-clock.js";
import { recordingLogger } from "./recording-logger.js";

interface Run {
  readonly number: number;
  readonly clock: ManualClock;
  readonly well: () => void;
  readonly stop: () => void;
}

function start(work: (run: Run) => Promise<void>, early?: (signal: AbortSignal) => Promise<void>) {
  const [clock, logger, controller] = [new ManualClock(0), recordingLogger(), new AbortController()];
  const stop = () => controller.abort();
  const ends: unknown[] = [];
  let runs = 0;
  const done = keepTrying((well) => work({ number: ++runs, clock, well, stop }), {
    what: "work",
    clock,
    logger,
    backoff: (failures) => failures * 100,
    healthyMs: 1_000,
    signal: controller.signal,
    onEnd: (error) => ends.push(error),
    ...(early && { early }),
  });
  return { clock, logger, ends, done, stop, signal: controller.signal, runs: () => runs };
}

describe("keepTrying", () => {
  test("runs again whatever the end was, after waits that grow", async () => {
    const error = new Error("broken");
    const trial = start(async ({ number }) => {
      if (number % 2 === 1) throw error;
    });
    await trial.clock.run(0);
    expect(trial.runs()).toBe(1);
    for (const [waitMs, runs] of [
      [99, 1],
      [1, 2],
      [199, 2],
      [1, 3],
      [300, 4],
    ] as const) {
      await trial.clock.run(waitMs);
      expect(trial.runs()).toBe(runs);
    }
    expect(trial.ends).toEqual([error, undefined, error, undefined]);
  });

  test("waits start anew after a run that was well for long enough, and only then", async () => {
    const trial = start(async ({ clock, number, well }) => {
      well();
      await sleep(clock, number <= 2 ? 999 : 1_000, new AbortController().signal);
    });
    await trial.clock.run(999 + 100 + 999);
    expect([trial.runs(), trial.clock.nextMs]).toEqual([2, 200]);
    await trial.clock.run(200 + 1_000);
    expect([trial.runs(), trial.clock.nextMs]).toEqual([3, 100]);
  });

  test("the signal ends the wait at once", async () => {
    const trial = start(async () => {
      throw new Error("broken");
    });
    await trial.clock.run(0);
    trial.stop();
    await trial.done;
    expect([trial.runs(), trial.clock.pending]).toEqual([1, 0]);
  });

  test("a run that the signal ends is no failure", async () => {
    const trial = start(async ({ stop }) => {
      stop();
      throw new Error("aborted");
    });
    await trial.done;
    expect(trial.ends).toEqual([]);
    expect(trial.logger.lines).toEqual([]);
  });

  test("where there is a reason to hope a long wait shrinks to one as after a first failure", async () => {
    const failing = async () => {
      throw new Error("broken");
    };
    let hope = () => {};
    const trial = start(failing, () => new Promise((resolve) => (hope = resolve)));
    await trial.clock.run(100 + 200 + 300 + 400);
    expect([trial.runs(), trial.clock.nextMs]).toEqual([5, 500]);
    hope();
    await trial.clock.run(99);
    expect(trial.runs()).toBe(5);
    await trial.clock.run(1);
    expect([trial.runs(), trial.clock.pending]).toEqual([6, 1]);
  });

  test("hope that is vain every time does not make it try all the time", async () => {
    const trial = start(
      async () => {
        throw new Error("broken");
      },
      async () => {},
    );
    await trial.clock.run(1_000);
    expect(trial.runs()).toBe(1 + 1_000 / 100);
    trial.stop();
    await trial.done;
    expect(trial.clock.pending).toBe(0);
  });

  test("who hopes is told when nobody waits for that any more", async () => {
    const signals: AbortSignal[] = [];
    const trial = start(
      async () => {
        throw new Error("broken");
      },
      (signal) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    );
    await trial.clock.run(100);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    trial.stop();
    await trial.done;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  test("a long outage is logged once as it begins and once as it ends", async () => {
    const trial = start(async ({ number, well }) => {
      if (number === 5) well();
      throw new Error("broken");
    });
    await trial.clock.run(100 + 200 + 300 + 400);
    const seen = trial.logger.lines.filter(({ level }) => level !== "debug");
    expect(seen.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "warn work: failed; trying again",
      "info work: well again",
      "warn work: failed; trying again",
    ]);
    trial.stop();
  });

  test("where the hope itself fails, the wait is as long as it was, and the work goes on", async () => {
    const trial = start(
      async () => {},
      () => Promise.reject(new Error("no hope")),
    );
    await trial.clock.run(99);
    expect(trial.runs()).toBe(1);
    await trial.clock.run(1);
    expect(trial.runs()).toBe(2);
    await trial.clock.run(200);
    expect(trial.runs()).toBe(3);
  });

  test("no wait leaves anything with the signal that ends it all", async () => {
    const trial = start(
      async () => {},
      () => new Promise(() => {}),
    );
    await trial.clock.run(100_000);
    expect(trial.runs()).toBeGreaterThan(10);
    expect(getEventListeners(trial.signal, "abort")).toHaveLength(1);
    trial.stop();
    await trial.done;
    expect(getEventListeners(trial.signal, "abort")).toEqual([]);
  });
});
