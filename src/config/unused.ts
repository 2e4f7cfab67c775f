import type { ConfigIssue } from "./config-error.js";
import { isPlainObject } from "./plain-object.js";
import { isBranch, type Tree } from "./tree.js";

/**
 * The keys a section says for itself that did not come out of its schema: nobody reads them. What is no plain object when
 * it comes out cannot be compared, and counts as read; so do the insides of arrays.
 *
 * @param path of the tree, the section first
 */
export function unusedIn(tree: Tree, output: unknown, path: readonly string[]): readonly ConfigIssue[] {
  if (!isBranch(tree) || !isPlainObject(output)) return [];
  return [...tree.children].flatMap(([key, child]) => {
    const { origin } = child;
    if (origin.path[0] !== path[0]) return [];
    const said = [...path, key];
    if (Object.hasOwn(output, key)) return unusedIn(child, output[key], said);
    const source = origin.source.where(origin.path) ?? origin.source.name;
    const name = said.join(".");
    return [{ key: name, source, text: `${name} (${source}): nothing reads it; correct the name or remove it` }];
  });
}
