import { isPlainObject } from "./plain-object.js";
import type { ConfigSource } from "./source.js";

/** Who said a value, and under which name. */
export interface Origin {
  readonly source: ConfigSource;
  /** The section first. */
  readonly path: readonly string[];
  /** Where the value was a text that the schema did not take: the text, and what the schema said of it. */
  readonly readFrom?: { readonly text: string; readonly complaint: string };
}

/** Anything but a plain object: replaced, never merged. */
export interface Leaf {
  readonly origin: Origin;
  readonly value: unknown;
}

/** A plain object. */
export interface Branch {
  readonly origin: Origin;
  readonly children: ReadonlyMap<string, Tree>;
}

/** A value that remembers of each of its parts who said it. */
export type Tree = Leaf | Branch;

export function isBranch(tree: Tree): tree is Branch {
  return "children" in tree;
}

/** Whether it may be read as JSON still. */
export function isText(tree: Tree): tree is Leaf & { readonly value: string } {
  const { source, readFrom } = tree.origin;
  return !isBranch(tree) && source.text && readFrom === undefined && typeof tree.value === "string";
}

export function toTree(value: unknown, origin: Origin): Tree {
  if (!isPlainObject(value)) return { origin, value };
  const children = Object.entries(value).map(([key, inner]) => [key, toTree(inner, inside(origin, key))] as const);
  return { origin, children: new Map(children) };
}

/** What was read from one text has one origin in all its parts. */
function inside(origin: Origin, key: string): Origin {
  return origin.readFrom === undefined ? { ...origin, path: [...origin.path, key] } : origin;
}

/** Objects deeply; of all else the upper stays. */
export function merge(lower: Tree, upper: Tree): Tree {
  if (!isBranch(lower) || !isBranch(upper)) return upper;
  const children = new Map(lower.children);
  for (const [key, tree] of upper.children) {
    const under = children.get(key);
    children.set(key, under === undefined ? tree : merge(under, tree));
  }
  return { origin: upper.origin, children };
}

/** The value alone: plain objects and arrays are copied, so that nobody's changes are another's. */
export function toValue(tree: Tree): unknown {
  if (!isBranch(tree)) return copied(tree.value);
  return Object.fromEntries([...tree.children].map(([key, child]) => [key, toValue(child)]));
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copied(inner)]));
}

/** The part under a path, or the last that there is on the way to it. */
export function nearest(
  tree: Tree,
  path: readonly string[],
): { readonly part: Tree; readonly rest: readonly string[] } {
  const [key, ...deeper] = path;
  const child = key !== undefined && isBranch(tree) ? tree.children.get(key) : undefined;
  return child === undefined ? { part: tree, rest: path } : nearest(child, deeper);
}

/** The tree with every leaf passed through `change`; the same tree where none of them changed. */
export function mapLeaves(
  tree: Tree,
  change: (leaf: Leaf, path: readonly string[]) => Tree,
  path: readonly string[] = [],
): Tree {
  if (!isBranch(tree)) return change(tree, path);
  let changed = false;
  const children = [...tree.children].map(([key, child]) => {
    const mapped = mapLeaves(child, change, [...path, key]);
    changed ||= mapped !== child;
    return [key, mapped] as const;
  });
  return changed ? { ...tree, children: new Map(children) } : tree;
}

/** In the order of their keys. */
export function leavesOf(tree: Tree): readonly Leaf[] {
  return isBranch(tree) ? [...tree.children.values()].flatMap(leavesOf) : [tree];
}
