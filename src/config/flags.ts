import { ConfigError, type ConfigIssue } from "./config-error.js";
import { type Draft, place } from "./place.js";
import type { ConfigSource, Sections } from "./source.js";

/**
 * What follows `--set` on a command line: `orders.maxLines=5`, deeper keys by further dots. Of two for one key the later
 * wins; nothing behind the `=` is an empty text.
 *
 * @throws ConfigError for one that is no `section.key=value`, and for two of which one is a part of the other
 */
export function flagSource(flags: readonly string[]): ConfigSource {
  const sections: Draft = {};
  const issues: ConfigIssue[] = [];
  for (const flag of flags) {
    const path = pathOf(flag);
    if (path === undefined) {
      issues.push(issue("", named(flag), "expected section.key=value, such as orders.maxLines=5"));
      continue;
    }
    const key = path.join(".");
    const text = flag.slice(flag.indexOf("=") + 1);
    if (!place(sections, path, text))
      issues.push(issue(key, key, `another flag gives ${key} as a part or as the whole; keep one of them`));
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return {
    name: "flags",
    text: true,
    sections: sections as Sections, // every path has a section and a key
    where: (path) => (path.length > 1 ? `flag --set ${path.join(".")}` : undefined),
  };
}

/** Section and keys; undefined where the flag names none. */
function pathOf(flag: string): readonly string[] | undefined {
  const end = flag.indexOf("=");
  const path = end === -1 ? [] : flag.slice(0, end).split(".");
  const wrong = path.length < 2 || path.some((key) => key === "" || key === "__proto__" || /\s/.test(key));
  return wrong ? undefined : path;
}

/** Values stay out of messages: one may be a secret. */
function named(flag: string): string {
  const name = /^[^=\s]*/.exec(flag)?.[0] ?? "";
  return name === flag ? JSON.stringify(flag) : `${name}…`;
}

function issue(key: string, name: string, text: string): ConfigIssue {
  const source = `flag --set ${name}`;
  return { key, source, text: `${source}: ${text}` };
}
