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

/** What is no code: comments, and what stands in quotes. */
const noCode = /\/\/.*|\/\*[\s\S]*?\*\/|(["'`])(?:\\.|(?!\1)[^\\])*\1/g;
const importStatement = /^import\b[^;"']*(["']) *\1(;?)/gm;
const serviceList = /\bservices:\s*\[([^\]]*)\]/g;
const names = /^\s*([A-Za-z_$][\w$]*\s*(,\s*[A-Za-z_$][\w$]*\s*)*,?\s*)?$/;

/**
 * The source of an app file with a service imported and listed. It is read as text, not as a program: so it is changed only
 * where it looks exactly as expected.
 */
export function addToApp(source: string, { identifier, module }: AppEntry): string | Unexpected {
  const code = source.replace(noCode, blank);
  if (new RegExp(`\\b${identifier}\\b`).test(code)) return { unexpected: `there is a ${identifier} already` };
  const last = [...code.matchAll(importStatement)].at(-1);
  if (last === undefined) return { unexpected: "it has no import" };
  const lists = [...code.matchAll(serviceList)];
  const [list] = lists;
  if (list === undefined || lists.length > 1) {
    return { unexpected: `expected one list of services: [ … ], there are ${lists.length}` };
  }
  const behindImports = last.index + last[0].length;
  const closing = list.index + list[0].length - 1;
  const opened = closing - (list[1] as string).length;
  if (opened < behindImports) return { unexpected: "there is an import behind the list of services" };
  const items = source.slice(opened, closing);
  if (!names.test(items)) return { unexpected: "there is more than names in its list of services" };
  const [, quote, semicolon] = last;
  return [
    source.slice(0, behindImports),
    `\nimport { ${identifier} } from ${quote}${module}${quote}${semicolon}`,
    source.slice(behindImports, opened),
    withItem(items, identifier),
    source.slice(closing),
  ].join("");
}

/** As long, in as many lines, and in the same quotes. */
function blank(text: string, quote: string | undefined): string {
  const spaces = text.replace(/./g, " ");
  return quote === undefined ? spaces : quote + spaces.slice(1, -1) + quote;
}

/** On a line of its own where the others are. */
function withItem(items: string, item: string): string {
  const present = items.trimEnd().replace(/,$/, "");
  const end = items.slice(items.trimEnd().length);
  const indent = /\n[ \t]*(?=[\w$]+,?\s*$)/.exec(items)?.[0];
  if (present.trim() === "") return item;
  return indent === undefined ? `${present}, ${item}${end}` : `${present},${indent}${item},${end}`;
}
