import { describe, expect, test } from "vitest";
import { Keepalive } from "../../../src/transport/http2/connection/keepalive.js";
import { NappingClock } from "../../support/napping-clock.js";

const keepaliveMs = 10_000;
const keepaliveTimeoutMs = 5000;

/** A peer that says what it is told to, and who watches it. */
function watched({ pauseMs = 0 } = {}) {
  const clock = new NappingClock();
  const begunAt = clock.now();
  const told: string[] = [];
  const note = (what: string): void => void told.push(`${what} after ${(clock.now() - begunAt) / 1000} s`);
  const keepalive = new Keepalive(
    { keepaliveMs, keepaliveTimeoutMs, clock },
    { pauseMs, probe: () => note("probed"), onDead: () => note("dead") },
  );
  return { clock, keepalive, told };
}

describe("a peer of which nothing comes", () => {
  test("is probed while calls run, and dead where it says nothing to that", async () => {
    const { clock, keepalive, told } = watched();
    keepalive.watch();
    await clock.run(20_000);
    expect(told).toEqual(["probed after 10 s", "dead after 15 s"]);
  });

  test("is found out by calls of which each is shorter than its patience, one after the other", async () => {
    const { clock, keepalive, told } = watched();
    for (let call = 0; call < 8; call++) {
      keepalive.watch();
      await clock.run(2000);
      keepalive.rest();
    }
    expect(told).toEqual(["probed after 10 s", "dead after 15 s"]);
  });

  test("is found out though the call that had it probed has ended meanwhile", async () => {
    const { clock, keepalive, told } = watched();
    keepalive.watch();
    await clock.run(11_000);
    keepalive.rest();
    await clock.run(10_000);
    expect(told).toEqual(["probed after 10 s", "dead after 15 s"]);
  });

  test("owes nothing for the time without calls", async () => {
    const { clock, keepalive, told } = watched();
    keepalive.watch();
    await clock.run(6000);
    keepalive.rest();
    await clock.run(3_600_000);
    keepalive.watch();
    await clock.run(3999);
    expect(told).toEqual([]);
    await clock.run(1);
    expect(told).toEqual(["probed after 3610 s"]);
  });

  test("that answers a probe is asked again after the next silence, and not where no call runs", async () => {
    const { clock, keepalive, told } = watched();
    keepalive.watch();
    await clock.run(11_000);
    keepalive.heard();
    await clock.run(11_000);
    keepalive.rest();
    keepalive.heard();
    await clock.run(100_000);
    expect(told).toEqual(["probed after 10 s", "probed after 21 s"]);
  });

  test("and that wishes to be left in peace is, from its last sign of life on, calls or none", async () => {
    const { clock, keepalive, told } = watched({ pauseMs: 300_000 });
    keepalive.watch();
    await clock.run(100_000);
    keepalive.rest();
    await clock.run(180_000);
    keepalive.watch();
    await clock.run(20_000);
    expect(told).toEqual(["probed after 300 s"]);
  });

  test("is not dead for the time in which this process stood still: what came meanwhile is read first", async () => {
    const { clock, keepalive, told } = watched();
    keepalive.watch();
    await clock.run(10_000);
    clock.nap(60_000);
    await clock.run(0);
    expect(told).toEqual(["probed after 10 s"]);
    keepalive.heard();
    await clock.run(9999);
    expect(told).toEqual(["probed after 10 s"]);
  });

  test("is dead where nothing had come when it stood still no more", async () => {
    const { clock, keepalive, told } = watched();
    keepalive.watch();
    await clock.run(10_000);
    clock.nap(60_000);
    await clock.run(500);
    expect(told).toEqual(["probed after 10 s", "dead after 70.5 s"]);
  });
});
