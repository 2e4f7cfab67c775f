import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dice } from "../../fuzz/dice.js";
import { graves, replay } from "../../fuzz/graveyard.js";
import { bytesOf, readInput, writeInput } from "../../fuzz/input.js";
import { minimise } from "../../fuzz/minimise.js";
import { Outside } from "../../fuzz/outside.js";
import { type Attempt, nothing, runThrough } from "../../fuzz/run-through.js";
import { runSlice } from "../../fuzz/slice.js";
import { targetNamed, targets } from "../../fuzz/targets/targets.js";

/** `make fuzz` gives a million; these are for every day, the same each time unless a seed is given. */
const seed = Number(process.env["SEED"] ?? 2026);
const inputs: { readonly [target: string]: number } = {
  frames: 3000,
  hpack: 1000,
  "hpack-blocks": 3000,
  messages: 60,
  server: 400,
  client: 400,
  verdicts: 60,
  peers: 60,
};

const outside = new Outside();
afterAll(() => outside.close());

describe("what nobody should ever send", () => {
  test.each(graves().map((grave) => [grave.name, grave] as const))("no longer does harm: %s", async (_name, grave) => {
    expect(await replay(grave, outside)).toBeUndefined();
  });

  describe.each(targets.map((target) => [target.name, target] as const))("%s", (name, target) => {
    beforeAll(() => target.open?.());
    afterAll(() => target.close?.());

    test("keeps its promises over seeded inputs", async () => {
      const { failures, found } = await runSlice(target, { seed, from: 0, to: inputs[name] ?? 100 }, outside);
      expect(found.map(({ message, input }) => writeInput(input, [message]))).toEqual([]);
      expect(failures).toBe(0);
    });
  });
});

describe("a campaign", () => {
  test("makes the same inputs of the same seed", () => {
    for (const target of targets) {
      const [one, again, other] = [7, 7, 8].map((of) => target.generate(Dice.of(of, target.name, 3)));
      expect(one).toEqual(again);
      expect(one).not.toEqual(other);
    }
  });

  test("writes an input down such that it can be read back", () => {
    const input = targetNamed("server").generate(Dice.of(seed, "server", 1));
    const written = writeInput([...input, "stall", "turn"], ["target: server", "why\nit failed"]);
    expect(readInput(written)).toEqual([...input.filter((step) => step.length > 0), "stall", "turn"]);
    expect(() => readInput("# fine\nabc")).toThrow('not a step of an input: "abc"');
  });

  test("leaves of a failing input what makes it fail", async () => {
    const input = [Buffer.from("some bytes, and a needle"), "turn" as const, Buffer.from("and more")];
    const least = await minimise(
      input,
      async (candidate) => bytesOf(candidate).includes("needle"),
      () => true,
    );
    expect(bytesOf(least).toString()).toBe("needle");
    expect(least).toHaveLength(1);
  });

  test("counts what fails, and keeps one input of each way to fail", async () => {
    const picky = {
      name: "picky",
      share: 1,
      generate: (dice: Dice) => [dice.bytes(4)],
      check([first]: readonly unknown[]) {
        const byte = (first as Buffer)[0] ?? 0;
        if (byte < 64) throw new Error(`a small byte: ${byte}`);
        return byte < 128 ? "middling" : "large";
      },
    };
    const { inputs: tried, failures, found, outcomes } = await runSlice(picky, { seed: 1, from: 0, to: 400 }, outside);
    expect(tried).toBe(400);
    expect(failures).toBeGreaterThan(50);
    expect(failures + (outcomes["middling"] ?? 0) + (outcomes["large"] ?? 0)).toBe(400);
    expect(found).toHaveLength(1);
  });

  test("knows all inputs that are under way, and no other", async () => {
    const seen: (readonly number[])[] = [];
    const slow = {
      name: "slow",
      share: 1,
      parallel: 3,
      generate: (dice: Dice) => [dice.bytes(4)],
      check: () => new Promise<string>((resolve) => setImmediate(() => resolve("done"))),
    };
    const onInput = (underWay: ReadonlySet<number>): void => void seen.push([...underWay]);
    await runSlice(slow, { seed: 1, from: 10, to: 16 }, outside, { onInput });
    expect(seen.slice(0, 3)).toEqual([[10], [10, 11], [10, 11, 12]]);
    expect(seen.map((underWay) => underWay.at(-1))).toEqual([10, 11, 12, 13, 14, 15]);
    expect(Math.max(...seen.map((underWay) => underWay.length))).toBe(3);
  });
});

describe("a process that is lost", () => {
  const order = { target: "frames", seed: 1, from: 0, to: 20 };
  const whole = ({ from, to }: { from: number; to: number }) => ({ ...nothing, inputs: to - from });
  /** Those of 6 to 9 that are in an order are under way at once. */
  const losing =
    (isLost: (underWay: readonly number[]) => boolean): Attempt =>
    async (each) => {
      const underWay = [6, 7, 8, 9].filter((index) => index >= each.from && index < each.to);
      return isLost(underWay) ? { reason: "hangs for 60 s", underWay } : whole(each);
    };
  const seventh = targetNamed("frames").generate(Dice.of(1, "frames", 7));

  test("is the fault of the input that loses another one alone, and the rest goes on", async () => {
    const result = await runThrough(
      order,
      losing((underWay) => underWay.includes(7)),
    );
    expect(result).toMatchObject({ inputs: 20, failures: 1, found: [{ message: "hangs for 60 s", input: seventh }] });
  });

  test("counts where no input loses one alone", async () => {
    const result = await runThrough(
      order,
      losing((underWay) => underWay.length > 1),
    );
    expect(result).toMatchObject({
      inputs: 20,
      failures: 1,
      found: [{ message: "hangs for 60 s, at once with others (6, 7, 8, 9) and not alone" }],
    });
  });

  test("before its first input is nobody's fault, and ends the campaign", async () => {
    const lost: Attempt = async () => ({ reason: "ended its process with 1", underWay: [] });
    await expect(runThrough(order, lost)).rejects.toThrow("frames: ended its process with 1, before the first input");
  });
});
