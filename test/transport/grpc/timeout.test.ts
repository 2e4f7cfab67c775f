import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTimeout, parseTimeout } from "../../../src/transport/grpc/timeout.js";

/** Milliseconds of every magnitude, and those around the places where the unit changes. */
const timeouts = fc.oneof(
  fc.double({ min: Number.MIN_VALUE, max: 5e12, noNaN: true }),
  fc.double({ min: 1e-6, max: 200, noNaN: true }),
  fc
    .tuple(fc.constantFrom(100, 1e5, 1e8, 1e11, 99_999_999 * 60_000), fc.double({ min: -1, max: 1, noNaN: true }))
    .map(([edge, by]) => edge + by),
  fc
    .tuple(fc.constantFrom(100, 1e5, 1e8, 1e11), fc.double({ min: 0, max: 1e-9, noNaN: true }))
    .map(([edge, share]) => edge * (1 - share)),
);

describe("grpc-timeout", () => {
  test.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["4m", 4],
    ["5u", 0.005],
    ["6n", 0.000006],
    ["00000007m", 7],
    ["0m", 0],
    ["99999999H", 99_999_999 * 3_600_000],
  ])("%s is %d ms", (text, ms) => {
    expect(parseTimeout(text)).toBeCloseTo(ms, 9);
  });

  test.each([
    "",
    "1",
    "m",
    "1mm",
    "m1",
    "-1m",
    "+1m",
    " 1m",
    "1m ",
    "1 m",
    "1.5S",
    "1e3m",
    "123456789m",
    "1h",
    "1µ",
    "١m",
    "1m\n",
  ])("%j is none", (text) => {
    expect(parseTimeout(text)).toBeUndefined();
  });

  test("any text is a timeout exactly where the specification says so", () => {
    const digit = fc.constantFrom(..."0123456789");
    const nearly = fc.tuple(
      fc.array(digit, { maxLength: 10 }).map((digits) => digits.join("")),
      fc.constantFrom("", "H", "M", "S", "m", "u", "n", "x", " m", "mm"),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          nearly.map((parts) => parts.join("")),
        ),
        (text) => {
          const legal =
            text.length >= 2 &&
            text.length <= 9 &&
            /^[0-9]+$/.test(text.slice(0, -1)) &&
            "HMSmun".includes(text.slice(-1));
          expect(parseTimeout(text) !== undefined).toBe(legal);
        },
      ),
    );
  });

  test("what is written is legal, never shorter than meant, and exact to 1 in 10,000", () => {
    fc.assert(
      fc.property(timeouts, (ms) => {
        const text = formatTimeout(ms);
        expect(text).toMatch(/^\d{1,8}[HMSmun]$/);
        const read = parseTimeout(text) as number;
        expect(read).toBeGreaterThanOrEqual(ms * (1 - 1e-12));
        expect(read - ms).toBeLessThanOrEqual(Math.max(ms * 1e-4, 1e-6));
      }),
      { numRuns: 5000 },
    );
  });

  test("time that is over is nothing, and time without end is as long as can be said", () => {
    expect(formatTimeout(0)).toBe("0n");
    expect(formatTimeout(-5)).toBe("0n");
    expect(parseTimeout(formatTimeout(Number.MAX_VALUE))).toBeGreaterThan(99_999_999 * 60_000 - 1);
  });
});
