/** Something that starts after others. */
export interface Ordered {
  readonly name: string;
  /** Names of those that come before it; names nobody here has do not count. */
  readonly after: readonly string[];
}

/**
 * Each after those it needs, else in the order given.
 *
 * @throws TypeError for a cycle, naming it
 */
export function startOrder<T extends Ordered>(what: string, all: readonly T[]): readonly T[] {
  const byName = new Map(all.map((each) => [each.name, each]));
  const ordered = new Set<T>();
  const visit = (each: T, path: readonly string[]): void => {
    if (ordered.has(each)) return;
    const from = path.indexOf(each.name);
    if (from >= 0) {
      const cycle = [...path.slice(from), each.name].join(" -> ");
      throw new TypeError(`${what} need each other in a cycle: ${cycle}; one of them must go without`);
    }
    for (const name of each.after) {
      const other = byName.get(name);
      if (other !== undefined) visit(other, [...path, each.name]);
    }
    ordered.add(each);
  };
  for (const each of all) visit(each, []);
  return [...ordered];
}
