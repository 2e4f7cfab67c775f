import { stripVTControlCharacters } from "node:util";
import { type Paint, printable } from "../paint.js";

/** What a terminal is told beside text. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
export const screen = {
  /** A screen of its own, so that what stood there comes back; without a cursor, and without breaking long lines. */
  enter: "\u001b[?1049h\u001b[?25l\u001b[?7l",
  leave: "\u001b[?7h\u001b[?25h\u001b[?1049l",
  home: "\u001b[H",
  clearLine: "\u001b[K",
  clearBelow: "\u001b[J",
} as const;

/** Light text on dark becomes dark on light. Colours within are given up. */
export function inverse(text: string): string {
  return `\u001b[7m${stripVTControlCharacters(text)}\u001b[0m`;
}

/** Whether a paint colours anything. */
export function isColored({ strong }: Paint): boolean {
  return strong("") !== "";
}

/** Ten colours that can be told from each other; red is for failures. */
const hues = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** @param index any whole number from 0 */
export function hued(text: string, index: number): string {
  return `\u001b[${hues[index % hues.length]}m${text}\u001b[0m`;
}

/** One line of what others wrote, colours taken out, that can do nothing to the terminal. */
export function harmless(text: string): string {
  return printable(stripVTControlCharacters(text.trimEnd()).replaceAll("\t", "    "));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const control = /\u001b\[[0-9;]*m/y;

/** The first `width` characters; colours are not counted, and end with the text. */
export function truncate(text: string, width: number): string {
  if (text.length <= width) return text;
  let shown = 0;
  let at = 0;
  let colored = false;
  while (at < text.length) {
    control.lastIndex = at;
    const code = control.exec(text)?.[0];
    if (code === undefined && shown === width) break;
    if (code === undefined) shown++;
    else colored = code !== "\u001b[0m";
    at += code?.length ?? String.fromCodePoint(text.codePointAt(at) as number).length;
  }
  return text.slice(0, at) + (colored ? "\u001b[0m" : "");
}
