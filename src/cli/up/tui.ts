import type { Writable } from "node:stream";
import type { AppInfo } from "../../supervisor/control/control.js";
import type { Supervisor } from "../../supervisor/supervisor.js";
import { type Clock, systemClock, type Timer } from "../../time/time.js";
import type { Io } from "../io.js";
import type { Paint } from "../paint.js";
import { harmless, screen } from "./ansi.js";
import type { AppView } from "./app-view.js";
import { type Key, keysOf } from "./keys.js";
import { LogView } from "./log-view.js";
import { renderScreen } from "./screen.js";

/** A terminal's keys, as `process.stdin` has them where it is one. */
export interface Keyboard {
  setRawMode(raw: boolean): unknown;
  on(event: "data", listener: (typed: Uint8Array | string) => void): unknown;
  off(event: "data", listener: (typed: Uint8Array | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** A terminal's screen, as `process.stdout` is where it is one. */
export type Display = Writable & { readonly columns?: number; readonly rows?: number };

export interface TuiOptions {
  readonly supervisor: Supervisor;
  readonly info: AppInfo;
  readonly keyboard: Keyboard;
  readonly display: Display;
  readonly paint: Paint;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /**
   * What `q` and Ctrl-C do, each time: while the keyboard is read here, the terminal makes no signal of Ctrl-C. Default: SIGINT
   * to this process, so that they do what Ctrl-C does everywhere.
   */
  readonly interrupt?: () => void;
}

/** The keys of a terminal; undefined where stdin is none. */
export function keyboardOf(stdin: Io["stdin"]): Keyboard | undefined {
  const { isTTY, setRawMode } = stdin as { readonly isTTY?: unknown; readonly setRawMode?: unknown };
  return isTTY === true && typeof setRawMode === "function" ? (stdin as unknown as Keyboard) : undefined;
}

/**
 * Shows how a supervisor and its processes are, live, on a screen of its own, and takes keys. To be opened before the
 * supervisor starts and closed after it has ended. What stood on the terminal comes back when it is closed, and when the process ends
 * without that.
 */
export function openTui(options: TuiOptions): AppView {
  const tui = new Tui(options);
  tui.open();
  return tui;
}

/** How soon after a change the screen shows it: changes that come together are drawn once. */
const soonMs = 50;
/** How often it is drawn where nothing changes: there are times in it. */
const tickMs = 1000;
const keptLogs = 500;

class Tui implements AppView {
  readonly #options: TuiOptions;
  readonly #clock: Clock;
  readonly #view: LogView;
  #logs: string[] = [];
  #selected: string | undefined;
  #message: string | undefined;
  #tick: Timer | undefined;
  #soon: Timer | undefined;
  #unfollow: readonly (() => void)[] = [];
  #open = false;

  constructor(options: TuiOptions) {
    const { supervisor, paint, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#view = new LogView({ paint, json: false, children: supervisor.children() });
  }

  open(): void {
    const { supervisor, keyboard, display } = this.#options;
    this.#open = true;
    process.once("exit", this.#restore);
    for (const line of supervisor.lines(undefined, keptLogs)) this.#log(this.#view.line(line));
    this.#unfollow = [
      supervisor.onLine((line) => this.#log(this.#view.line(line))),
      supervisor.onEvent((event) => this.#log(this.#view.event(event, this.#clock.now()))),
    ];
    keyboard.setRawMode(true);
    keyboard.on("data", this.#type);
    keyboard.resume();
    display.on("resize", this.#draw);
    display.write(screen.enter);
    this.#draw();
    this.#ticking();
  }

  note(text: string): void {
    this.#log(text.split("\n"));
  }

  async close(): Promise<void> {
    process.off("exit", this.#restore);
    this.#restore();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** All at once, for a process that ends waits for nothing. */
  readonly #restore = (): void => {
    if (!this.#open) return;
    this.#open = false;
    this.#tick?.cancel();
    this.#soon?.cancel();
    for (const each of this.#unfollow) each();
    const { keyboard, display } = this.#options;
    display.off("resize", this.#draw);
    display.write(screen.leave);
    keyboard.off("data", this.#type);
    keyboard.setRawMode(false);
    keyboard.pause();
  };

  readonly #draw = (): void => {
    this.#soon?.cancel();
    this.#soon = undefined;
    const { supervisor, info, display, paint } = this.#options;
    const children = supervisor.children();
    if (!children.some(({ name }) => name === this.#selected)) this.#selected = children[0]?.name;
    const [selected, message, logs, now] = [this.#selected, this.#message, this.#logs, this.#clock.now()];
    const state = { info, children, selected, logs, message, now };
    // A terminal that nobody has told of its size, as in a container, says 0.
    const lines = renderScreen(state, paint, display.columns || 80, display.rows || 24).split("\n");
    display.write(screen.home + lines.map((line) => line + screen.clearLine).join("\r\n") + screen.clearBelow);
  };

  #drawSoon(): void {
    if (this.#open) this.#soon ??= this.#clock.timer(soonMs, this.#draw);
  }

  readonly #ticking = (): void => {
    this.#tick = this.#clock.timer(tickMs, () => {
      this.#drawSoon();
      this.#ticking();
    });
  };

  #log(lines: readonly string[]): void {
    this.#logs.push(...lines);
    if (this.#logs.length > 2 * keptLogs) this.#logs = this.#logs.slice(-keptLogs);
    this.#drawSoon();
  }

  #say(message: string): void {
    this.#message = message;
    this.#drawSoon();
  }

  readonly #type = (typed: Uint8Array | string): void => {
    for (const key of keysOf(typed.toString())) this.#press(key);
  };

  #press(key: Key): void {
    const { supervisor, interrupt = interruptThisProcess } = this.#options;
    const name = this.#selected;
    if (key === "quit") {
      this.#say("stopping; once more to end at once");
      interrupt();
    } else if (key === "up" || key === "down") this.#select(key === "up" ? -1 : 1);
    else if (name === undefined) this.#say("there is no process");
    else if (key === "restart") void this.#work(`restart ${name}`, () => supervisor.restart([name]));
    else void this.#work(`stop ${name}`, () => supervisor.stop([name]));
  }

  #select(step: number): void {
    const names = this.#options.supervisor.children().map(({ name }) => name);
    const index = names.indexOf(this.#selected ?? "") + step;
    this.#selected = names[Math.min(Math.max(index, 0), names.length - 1)];
    this.#drawSoon();
  }

  async #work(what: string, work: () => Promise<void>): Promise<void> {
    const { paint } = this.#options;
    this.#say(`${what} …`);
    try {
      await work();
      this.#say(paint.good(`${what}: done`));
    } catch (reason) {
      const [message = ""] = (reason instanceof Error ? reason.message : String(reason)).split("\n");
      this.#say(paint.bad(`${what}: ${harmless(message)}`));
    }
  }
}

function interruptThisProcess(): void {
  process.kill(process.pid, "SIGINT");
}
