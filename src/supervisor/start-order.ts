export interface Sibling {
  readonly name: string;
  /** Default: all that stand before it. */
  readonly after?: readonly string[];
}

export interface Placed<T extends Sibling> {
  readonly item: T;
  /** All that it comes after, directly or by way of others. */
  readonly after: ReadonlySet<string>;
}

/**
 * Siblings in an order in which they can start: as listed, but for those that come after a later one.
 *
 * @throws TypeError where `after` names nobody, or leads in a circle
 */
export function startOrder<T extends Sibling>(items: readonly T[]): readonly Placed<T>[] {
  const byName = new Map(items.map((item, index) => [item.name, { item, index }]));
  const placed = new Map<string, Placed<T>>();
  const path: string[] = [];

  const place = (name: string): ReadonlySet<string> => {
    const done = placed.get(name);
    if (done !== undefined) return done.after;
    if (path.includes(name)) {
      throw new TypeError(`after: ${[...path.slice(path.indexOf(name)), name].join(" comes after ")}, a circle`);
    }
    const { item, index } = byName.get(name) as { item: T; index: number };
    path.push(name);
    const after = new Set<string>();
    for (const other of item.after ?? items.slice(0, index).map((before) => before.name)) {
      if (!byName.has(other)) {
        const siblings = items.filter((each) => each !== item).map((each) => each.name);
        const known = siblings.length === 0 ? "it has none" : `they are ${siblings.join(", ")}`;
        throw new TypeError(`${name}: comes after "${other}", which is no sibling of it (${known})`);
      }
      after.add(other);
      for (const further of place(other)) after.add(further);
    }
    path.pop();
    placed.set(name, { item, after });
    return after;
  };

  for (const { name } of items) place(name);
  return [...placed.values()];
}
