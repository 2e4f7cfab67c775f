import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dice } from "../../fuzz/dice.js";
import { graves, replay } from "../../fuzz/graveyard.js";
import { bytesOf, readInput, writeInput } from "../../fuzz/input.js";
import { minimise } from "../../fuzz/minimise.js";
import { Outside } from "../../fuzz/outside.js";
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
});
