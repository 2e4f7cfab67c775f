/** Options with the defaults where they say nothing; `undefined` says nothing. */
export function filled<Defaults extends object, Options extends object>(
  defaults: Defaults,
  options: Options,
): Defaults & Options {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as Defaults & Options;
}

/** @throws RangeError that names the first of them that is not so, what it must be, and its value */
export type OptionCheck = <Name extends string>(
  options: { readonly [name in Name]: unknown },
  names: readonly Name[],
) => void;

export const mustBePositive: OptionCheck = mustBe("a positive number", (value) => value > 0);

export const mustNotBeNegative: OptionCheck = mustBe("0 or more", (value) => value >= 0);

/** How many of something there may be; without end, too. */
export const mustBeCount: OptionCheck = mustBe(
  "a whole number from 1",
  (value) => value >= 1 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY),
);

function mustBe(allowed: string, fits: (value: number) => boolean): OptionCheck {
  return (options, names) => {
    for (const name of names) {
      const value: unknown = options[name];
      if (typeof value === "number" && fits(value)) continue;
      throw new RangeError(`${name}: must be ${allowed}, was ${String(value)}`);
    }
  };
}
