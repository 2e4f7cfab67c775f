import type { AppInfo } from "../../supervisor/control/control.js";
import type { ChildStatus } from "../../supervisor/supervisor.js";
import type { Paint } from "../paint.js";
import { table } from "../table.js";
import { inverse, isColored, truncate } from "./ansi.js";
import { appLine } from "./app-line.js";
import { childHeader, childRow } from "./child-table.js";

/** All that a screen shows. */
export interface ScreenState {
  readonly info: AppInfo;
  readonly children: readonly ChildStatus[];
  /** The name of the process that keys are about. */
  readonly selected: string | undefined;
  /** The last lines, oldest first, as they shall look. */
  readonly logs: readonly string[];
  /** The answer to the last key. */
  readonly message: string | undefined;
  readonly now: number;
}

/** Header, header of the table, rule, footer. */
const frameLines = 4;
const keys = "↑↓ select  r restart  s stop  q quit";

/** As many lines as are high, none wider than wide: who runs, how each process is, the last lines that fit, the keys. */
export function renderScreen(state: ScreenState, paint: Paint, width: number, height: number): string {
  const room = Math.max(0, height - frameLines);
  // The logs have a third of the room at least; what the table does not need is theirs too.
  const rowCount = Math.min(state.children.length, Math.ceil((room * 2) / 3));
  const logCount = room - rowCount;
  const logs = logCount === 0 ? [] : state.logs.slice(-logCount);
  const lines = [
    appLine(state.info, state.now, paint),
    ...processes(state, rowCount, paint, width),
    rule(state.children.length - rowCount, paint, width),
    ...logs,
    ...Array<string>(logCount - logs.length).fill(""),
    [...(state.message === undefined ? [] : [state.message]), paint.faint(keys)].join("  "),
  ];
  return lines
    .slice(0, height)
    .map((line) => truncate(line, width))
    .join("\n");
}

/** The header of the table and so many of its rows that the selected one is among them. */
function processes(state: ScreenState, count: number, paint: Paint, width: number): readonly string[] {
  const { children, selected, now } = state;
  const rows = children.map((child) => childRow(child, now, paint));
  const [head = "", ...all] = table([childHeader.map(paint.strong), ...rows]).split("\n");
  const index = children.findIndex(({ name }) => name === selected);
  const first = Math.max(0, index - count + 1);
  const shown = all
    .slice(first, first + count)
    .map((row, i) => (first + i === index ? mark(row, paint, width) : `  ${row}`));
  return [`  ${head}`, ...shown];
}

function mark(row: string, paint: Paint, width: number): string {
  const marked = `> ${row}`;
  return isColored(paint) ? inverse(truncate(marked, width)) : marked;
}

function rule(hidden: number, paint: Paint, width: number): string {
  const told = hidden > 0 ? `── ${hidden} more ` : "";
  return paint.faint(told + "─".repeat(Math.max(0, width - told.length)));
}
