import { ConfigError, type ConfigIssue } from "./config-error.js";
import { type Draft, place } from "./place.js";
import type { ConfigSource, Sections } from "./source.js";

export interface Environment {
  readonly [name: string]: string | undefined;
}

const prefix = "HAWSER_CONFIG_";
const word = "[A-Z0-9]+(?:_[A-Z0-9]+)*";
const shape = new RegExp(`^${word}(?:__${word})+$`);
const sayable = /^[a-z0-9]+(?:-[a-z0-9]+)*(?: [a-z0-9][a-zA-Z0-9]*)+$/;

/**
 * The variables `HAWSER_CONFIG_<SECTION>__<KEY>`: two underscores go one level down, one goes to the next word.
 * `HAWSER_CONFIG_ORDER_BOOK__DATABASE__POOL_SIZE` is `database.poolSize` of the section `order-book`. A variable that is
 * set and empty counts as not set.
 *
 * @throws ConfigError for a variable of that prefix that fits no key, and for two that contradict each other
 */
export function environmentSource(env: Environment): ConfigSource {
  const sections: Draft = {};
  const names = new Map<string, string>();
  const issues: ConfigIssue[] = [];
  for (const name of Object.keys(env).sort()) {
    const text = env[name];
    if (!name.startsWith(prefix) || !text) continue;
    const path = pathOf(name);
    if (path === undefined) {
      issues.push(issue("", name, `expected ${prefix}<SECTION>__<KEY>, such as ${prefix}ORDERS__MAX_LINES`));
      continue;
    }
    const key = path.join(".");
    const rival = names.get(key);
    if (rival !== undefined) issues.push(issue(key, name, `${rival} is ${key} too; keep one of them`));
    else if (!place(sections, path, text))
      issues.push(issue(key, name, `another variable gives ${key} as a part or as the whole; keep one of them`));
    else names.set(key, name);
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return {
    name: "environment",
    text: true,
    sections: sections as Sections, // every path has a section and a key
    where(path) {
      const name = names.get(path.join(".")) ?? variableOf(path);
      return name === undefined ? undefined : `environment ${name}`;
    },
  };
}

/** Section and keys of a variable; undefined where it names none. */
function pathOf(name: string): readonly string[] | undefined {
  const rest = name.slice(prefix.length);
  if (!shape.test(rest)) return undefined;
  const [section, ...keys] = rest.toLowerCase().split("__") as [string, ...string[]];
  return [section.replaceAll("_", "-"), ...keys.map(camelCase)];
}

function camelCase(words: string): string {
  return words.replace(/_(.)/g, (_, initial: string) => initial.toUpperCase());
}

/** The variable of a key; undefined where no variable can name it: `pool-size`, or a section without a key. */
function variableOf(path: readonly string[]): string | undefined {
  if (!sayable.test(path.join(" "))) return undefined;
  const [section, ...keys] = path as [string, ...string[]];
  const words = [section.replaceAll("-", "_"), ...keys.map((key) => key.replace(/[A-Z]/g, "_$&"))];
  return prefix + words.join("__").toUpperCase();
}

function issue(key: string, name: string, text: string): ConfigIssue {
  const source = `environment ${name}`;
  return { key, source, text: `${source}: ${text}` };
}
