import { ConfigError, type ConfigIssue } from "./config-error.js";
import { isPlainObject } from "./plain-object.js";
import type { ConfigSource } from "./source.js";
import { merge, type Tree, toTree } from "./tree.js";

/**
 * All that was said of each section, of later sources over that of earlier ones.
 *
 * @throws ConfigError for a section that is not among `known`, and for values that are no data: objects that contain
 * themselves, or a key `__proto__`
 */
export function layered(sources: readonly ConfigSource[], known: readonly string[]): ReadonlyMap<string, Tree> {
  const layers = new Map<string, Tree>();
  const issues: ConfigIssue[] = [];
  for (const source of sources) {
    for (const [section, values] of Object.entries(source.sections)) {
      const wrong = known.includes(section)
        ? whyNoData(values, [section])
        : { path: [section], reason: `there is no such section; there are ${known.join(", ")}` };
      if (wrong === undefined) {
        const tree = toTree(values, { source, path: [section] });
        const lower = layers.get(section);
        layers.set(section, lower === undefined ? tree : merge(lower, tree));
      } else {
        const { path, reason } = wrong;
        const key = path.join(".");
        const place = source.where(path) ?? source.where(firstIn(values, path)) ?? source.name;
        issues.push({ key, source: place, text: `${key} (${place}): ${reason}` });
      }
    }
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return layers;
}

/** The path of the first value in it. */
function firstIn(value: unknown, path: readonly string[]): readonly string[] {
  const [first] = isPlainObject(value) ? Object.entries(value) : [];
  return first === undefined ? path : firstIn(first[1], [...path, first[0]]);
}

interface NoData {
  readonly path: readonly string[];
  readonly reason: string;
}

function whyNoData(value: unknown, path: readonly string[], around: readonly unknown[] = []): NoData | undefined {
  if (!isPlainObject(value) && !Array.isArray(value)) return undefined;
  if (around.includes(value)) return { path, reason: "it contains itself; write it out" };
  for (const [key, inner] of Object.entries(value)) {
    const deeper = [...path, key];
    const wrong =
      key === "__proto__"
        ? { path: deeper, reason: "no key may have this name; remove it" }
        : whyNoData(inner, deeper, [...around, value]);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
