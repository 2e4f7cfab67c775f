import { describe, expect, it } from "vitest";
import { manualClock } from "../../src/testing/testing.js";
import { sleep } from "../../src/time/time.js";

describe("a manual clock", () => {
  it("stands still until it is told to go on", async () => {
    const clock = manualClock(1_000);
    expect(clock.now()).toBe(1_000);

    await clock.advance(250);
    expect(clock.now()).toBe(1_250);
  });

  it("fires timers when they are due, in their order, each at its own moment", async () => {
    const clock = manualClock(0);
    const fired: string[] = [];
    const arm = (name: string, delayMs: number) => clock.timer(delayMs, () => fired.push(`${name} at ${clock.now()}`));
    arm("late", 30);
    arm("first", 10);
    arm("second", 10);

    await clock.advance(9);
    expect(fired).toEqual([]);
    expect([clock.pending, clock.nextMs]).toEqual([3, 1]);

    await clock.advance(21);
    expect(fired).toEqual(["first at 10", "second at 10", "late at 30"]);
    expect([clock.pending, clock.nextMs]).toEqual([0, undefined]);
  });

  it("lets what a timer set going go on before the next one fires", async () => {
    const clock = manualClock(0);
    const woken: number[] = [];
    const loop = async () => {
      for (;;) {
        await sleep(clock, 10);
        woken.push(clock.now());
      }
    };
    void loop();

    await clock.advance(35);
    expect(woken).toEqual([10, 20, 30]);
  });

  it("fires nothing that was cancelled", async () => {
    const clock = manualClock();
    const fired: string[] = [];
    clock.timer(10, () => fired.push("cancelled")).cancel();
    clock.timer(0, () => fired.push("cancelled at once")).cancel();

    await clock.advance(20);
    expect(fired).toEqual([]);
  });

  it("makes nobody wait for no time at all", async () => {
    const clock = manualClock(5);
    await sleep(clock, 0);
    expect(clock.now()).toBe(5);
  });

  it("takes NaN ms for no time at all, as the machine's clock does", async () => {
    const clock = manualClock(5);
    await sleep(clock, Number.NaN);
    expect([clock.now(), clock.pending]).toEqual([5, 0]);
  });

  it("never comes to a timer that is never due, and passes it by", async () => {
    const clock = manualClock(0);
    clock.timer(Number.POSITIVE_INFINITY, () => expect.unreachable());
    expect([clock.pending, clock.nextMs]).toEqual([1, undefined]);

    await clock.advance(10);
    expect([clock.pending, clock.now()]).toEqual([1, 10]);
  });

  it("says so where a timer makes itself anew, and time does not pass", async () => {
    const clock = manualClock(0);
    let going = true;
    const again = () => {
      if (going) clock.timer(0, again);
    };
    clock.timer(10, again);

    await expect(clock.advance(20)).rejects.toThrow(
      "100000 timers have fired at 1970-01-01T00:00:00.010Z, and time does not pass",
    );
    going = false;
  });

  it("goes on only, and by a span of time", async () => {
    await expect(manualClock().advance(-1)).rejects.toThrow("advance: must be 0 ms or more, was -1");
  });
});
