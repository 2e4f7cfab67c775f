import type { ConfigIssue } from "./config-error.js";
import { shown, withoutSecrets } from "./shown.js";
import type { ConfigSource } from "./source.js";
import { isBranch, leavesOf, nearest, type Tree, toValue } from "./tree.js";

/** A complaint of a schema about the value under a path. */
export interface Complaint {
  /** Without the section. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Tells a complaint to whoever has to mend it: key, value, who said it, what the schema says, what to do. */
export function explain(
  section: string,
  tree: Tree,
  complaint: Complaint,
  sources: readonly ConfigSource[],
): ConfigIssue {
  const { path, message } = complaint;
  const { part, rest } = nearest(tree, path);
  if (isBranch(part) && rest.length > 0) return missing([section, ...path], message, toValue(part), sources);
  const { origin } = part;
  const text = origin.path.length === path.length + 1 ? origin.readFrom : undefined;
  const value = text === undefined ? dig(toValue(part), rest) : text.text;
  const key = path.length === 0 ? section : [origin.path[0], ...path].join(".");
  const heard = path.length === 0 ? "" : value === undefined ? " is missing" : ` = ${shown(path, value)}`;
  const complaints =
    text === undefined || text.complaint === message ? [message] : [text.complaint, `as JSON: ${message}`];
  const told = withoutSecrets(complaints.join("; "), path, [value, toValue(part)]);
  const source = sourceOf(part);
  return { key, source, text: `${key}${heard} (${source}): ${told}; change it there` };
}

/** @param around what was said beside it */
function missing(
  path: readonly string[],
  message: string,
  around: unknown,
  sources: readonly ConfigSource[],
): ConfigIssue {
  const key = path.join(".");
  const places = sources.map((source) => source.where(path)).filter((place) => place !== undefined);
  const wayOut = places.length === 0 ? "no source can say it" : `say it in ${places.join(" or ")}`;
  const told = withoutSecrets(message, path.slice(1), around);
  return { key, source: undefined, text: `${key} is missing: ${told}; ${wayOut}` };
}

/** By its place where one said it, else all who had a part in it. */
function sourceOf(part: Tree): string {
  if (isBranch(part) && part.origin.readFrom === undefined) {
    const names = new Set(leavesOf(part).map(({ origin }) => origin.source.name));
    return [...names].join(", ") || "nothing was said";
  }
  const { source, path } = part.origin;
  return source.where(path) ?? source.name;
}

function dig(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
        ? (inner as { readonly [key: string]: unknown })[key]
        : undefined,
    value,
  );
}
