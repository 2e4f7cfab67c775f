/** What an app file must say of a service. */
export interface AppEntry {
  /** What the service is called in code. */
  readonly identifier: string;
  /** What it is imported from. */
  readonly module: string;
}

/** Why a file was left as it is. */
export interface Unexpected {
  readonly unexpected: string;
}

/** One import statement: it begins its line and ends it. */
const importStatement = /^import\b[^;"'`]*(["'])[^"'`\n]+\1(;?)[ \t]*$/gm;

/** A list of services, before which nothing stands on its line that could make it a part of a comment or a text. */
const serviceList = /^((?:[^/*"'`\n]|"[^"\n]*"|'[^'\n]*')*\bservices:\s*\[)([^\]]*)\]/gm;

/**
 * The source of an app file with a service imported and listed. It is read as text, not as a program: so it is changed only
 * where it looks exactly as expected.
 */
export function addToApp(source: string, { identifier, module }: AppEntry): string | Unexpected {
  if (new RegExp(`\\b${identifier}\\b`).test(source)) return { unexpected: `there is a ${identifier} already` };
  const imports = [...source.matchAll(importStatement)];
  const last = imports.at(-1);
  if (last === undefined) return { unexpected: "it has no import" };
  const lists = [...source.matchAll(serviceList)];
  const [list] = lists;
  if (list === undefined || lists.length > 1) {
    return { unexpected: `expected one list of services: [ … ], there are ${lists.length}` };
  }
  if (list.index < last.index) return { unexpected: "there is an import behind the list of services" };
  const [whole, head = "", items = ""] = list;
  if (!/^\s*([A-Za-z_$][\w$]*\s*(,\s*[A-Za-z_$][\w$]*\s*)*,?\s*)?$/.test(items)) {
    return { unexpected: "there is more than names in its list of services" };
  }
  const [statement, quote, semicolon] = last;
  const added = `\nimport { ${identifier} } from ${quote}${module}${quote}${semicolon}`;
  const behindImports = last.index + statement.length;
  return (
    source.slice(0, behindImports) +
    added +
    source.slice(behindImports, list.index) +
    `${head}${withItem(items, identifier)}]` +
    source.slice(list.index + whole.length)
  );
}

/** On a line of its own where the others are. */
function withItem(items: string, item: string): string {
  const names = items.trimEnd().replace(/,$/, "");
  const end = items.slice(items.trimEnd().length);
  const indent = /\n[ \t]*(?=[\w$]+,?\s*$)/.exec(items)?.[0];
  if (names.trim() === "") return item;
  return indent === undefined ? `${names}, ${item}${end}` : `${names},${indent}${item},${end}`;
}
