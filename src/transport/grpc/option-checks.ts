/** Options with the defaults where they say nothing; `undefined` says nothing. */
export function filled<Defaults extends object, Options extends object>(
  defaults: Defaults,
  options: Options,
): Defaults & Options {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as Defaults & Options;
}

/** @throws RangeError that names the first of them that is no positive number, and its value */
export function mustBePositive<Name extends string>(
  options: { readonly [name in Name]: unknown },
  names: readonly Name[],
): void {
  for (const name of names) {
    const value = options[name];
    if (!(typeof value === "number" && value > 0)) {
      throw new RangeError(`${name}: must be a positive number, was ${String(value)}`);
    }
  }
}

/** @throws RangeError that names the first of them that is no number from 0, and its value */
export function mustNotBeNegative<Name extends string>(
  options: { readonly [name in Name]: unknown },
  names: readonly Name[],
): void {
  for (const name of names) {
    const value = options[name];
    if (!(typeof value === "number" && value >= 0)) {
      throw new RangeError(`${name}: must be 0 or more, was ${String(value)}`);
    }
  }
}
