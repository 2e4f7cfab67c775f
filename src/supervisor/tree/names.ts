import type { Child } from "./child.js";
import { Group } from "./group.js";

/** Finds the processes and groups of a tree by name. */
export class Names {
  readonly #root: Group;

  constructor(root: Group) {
    this.#root = root;
  }

  /** In start order. */
  get children(): readonly Child[] {
    return this.#root.children;
  }

  /** The root first. */
  get groups(): readonly Group[] {
    const within = (group: Group): readonly Group[] => [
      group,
      ...group.members.flatMap((member) => (member instanceof Group ? within(member) : [])),
    ];
    return within(this.#root);
  }

  /** The groups around a process, from the root down to its parent. */
  groupsOf(child: Child): readonly Group[] {
    return this.groups.filter(({ children }) => children.includes(child));
  }

  /** @throws RangeError for a name no process has */
  child(name: string): Child {
    return this.children.find((child) => child.name === name) ?? this.#fail(name, this.children);
  }

  /** @throws RangeError for a name no group has */
  group(name: string): Group {
    return this.groups.find((group) => group.name === name) ?? this.#fail(name, this.groups);
  }

  /**
   * The processes of these names and the processes in groups of these names, each once, in start order.
   *
   * @throws RangeError for a name nobody has
   */
  named(names: readonly string[]): readonly Child[] {
    const known = [...this.children, ...this.groups];
    const named = new Set<Child>();
    for (const name of names) {
      const found = known.find((each) => each.name === name) ?? this.#fail(name, known);
      for (const child of found instanceof Group ? found.children : [found]) named.add(child);
    }
    return this.children.filter((child) => named.has(child));
  }

  #fail(name: string, known: readonly { readonly name: string }[]): never {
    const there = known.map((each) => each.name).join(", ") || "none";
    throw new RangeError(`${this.#root.name}: nobody is named "${name}" (there are: ${there})`);
  }
}
