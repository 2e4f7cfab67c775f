import type { ChildStatus, LogLine, SupervisorEvent } from "../../supervisor/supervisor.js";
import type { Paint } from "../paint.js";
import { harmless, hued, isColored } from "./ansi.js";
import { formatPinoLine, parsePinoLine, timeOfDay } from "./pino-line.js";

export interface LogViewOptions {
  readonly paint: Paint;
  /** Whether programs read it: one JSON object a line. */
  readonly json: boolean;
  /** Who will be heard of, as far as it is known: their names line up from the first line. Default: nobody is known. */
  readonly children?: readonly Pick<ChildStatus, "name" | "group">[];
}

/** Turns what processes write, and what happens to them, into lines of which each says whose it is. Never throws. */
export class LogView {
  readonly #options: LogViewOptions;
  readonly #paint: Paint;
  /** A colour each, in their order; children of a group share one. */
  readonly #groups: string[] = [];
  readonly #groupOf = new Map<string, string>();
  #width = 0;

  constructor(options: LogViewOptions) {
    this.#options = options;
    this.#paint = options.paint;
    for (const { name, group } of options.children ?? []) this.#meet(name, group);
  }

  /** `orders-1 │ 12:00:01.123 INFO  placed order=42`; what is no line of pino's stays as it is. */
  line({ child, group, stream, text, time }: LogLine): readonly string[] {
    this.#meet(child, group);
    const log = parsePinoLine(text);
    if (this.#options.json) {
      const said = log === undefined ? { text } : { log };
      return [json({ child, group, stream, time: isoTime(time), ...said })];
    }
    const told =
      log === undefined ? undefined : formatted(() => formatPinoLine(log, { service: group }, time, this.#paint));
    return this.#prefixed(child, told ?? [harmless(text)]);
  }

  /** `orders-1 │ 12:00:01.123 EVENT exited with code 1`. @param time when it happened, in ms since the epoch */
  event(event: SupervisorEvent, time: number): readonly string[] {
    const { child, type, text } = event;
    if (this.#options.json) return [json({ time: isoTime(time), ...event })];
    this.#meet(child, this.#groupOf.get(child) ?? child.replace(/-\d+$/, ""));
    const told = text.startsWith(`${child}: `) ? text.slice(child.length + 2) : text; // who it is stands in front already
    return this.#prefixed(child, [`${this.#paint.faint(timeOfDay(time))} ${this.#tag(type)} ${harmless(told)}`]);
  }

  /** So many lines came faster than they could be shown. */
  skipped(count: number): readonly string[] {
    if (this.#options.json) return [json({ skipped: count })];
    return this.#prefixed("…", [this.#paint.warning(`${count} lines came too fast to be shown`)]);
  }

  #meet(child: string, group: string): void {
    this.#width = Math.max(this.#width, child.length);
    this.#groupOf.set(child, group);
    if (!this.#groups.includes(group)) this.#groups.push(group);
  }

  #prefixed(child: string, lines: readonly string[]): readonly string[] {
    const prefix = `${harmless(child).padEnd(this.#width)} │`;
    const index = this.#groups.indexOf(this.#groupOf.get(child) ?? "");
    const front = isColored(this.#paint) && index >= 0 ? hued(prefix, index) : prefix;
    return lines.map((line) => `${front} ${line}`.trimEnd());
  }

  #tag(type: SupervisorEvent["type"]): string {
    if (type === "ready" || type === "started") return this.#paint.good("EVENT");
    if (type === "exited" || type === "frozen" || type === "gave-up") return this.#paint.bad("EVENT");
    return this.#paint.warning("EVENT");
  }
}

/** Undefined where a line is stranger than anybody thought: it is shown as it is then. */
function formatted(format: () => readonly string[]): readonly string[] | undefined {
  try {
    return format();
  } catch {
    return undefined;
  }
}

function isoTime(ms: number): string | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** On one line; also of the controls that JSON lets stand, none gets to a terminal. */
function json(value: object): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}
