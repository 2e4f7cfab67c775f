import { type GroupSpec, isGroup, type ProcessSpec } from "./spec.js";

/** What the processes of a group that can be made larger or smaller are called: `<prefix>-<number>`. */
export interface Series {
  readonly prefix: string;
  /** Whom a new one is like: the one with the highest number that there was last. */
  readonly like: ProcessSpec;
}

/** @throws RangeError where a group's children are not processes numbered alike */
export function seriesOf(group: GroupSpec): Series {
  const numbered = group.children.map((child) => ({
    child,
    match: isGroup(child) ? null : /^(.+)-\d+$/.exec(child.name),
  }));
  const prefixes = new Set(numbered.map(({ match }) => match?.[1]));
  const [prefix] = prefixes;
  if (prefixes.size !== 1 || prefix === undefined) {
    const names = group.children.map(({ name }) => name).join(", ") || "none";
    throw new RangeError(
      `scale: the children of "${group.name}" are not like processes named e.g. ${group.name}-1, ${group.name}-2 (they are: ${names})`,
    );
  }
  const [last] = numbered.map(({ child }) => child as ProcessSpec).sort((a, b) => numberOf(b.name) - numberOf(a.name));
  return { prefix, like: last as ProcessSpec };
}

export function numberOf(name: string): number {
  return Number(/\d+$/.exec(name)?.[0]);
}
