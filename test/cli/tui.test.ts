import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { paint } from "../../src/cli/paint.js";
import { keysOf } from "../../src/cli/up/keys.js";
import { renderScreen, type ScreenState } from "../../src/cli/up/screen.js";
import { type Keyboard, keyboardOf, openTui } from "../../src/cli/up/tui.js";
import type { Closeable } from "../../src/contract/contract.js";
import { child, FakeSupervisor, startFailure } from "../support/fake-supervisor.js";
import { ManualClock } from "../support/manual-clock.js";
import { Moment } from "../support/moment.js";
import { Capture, nothing } from "./support/command.js";

const now = Date.UTC(2020, 0, 1);
const info = { name: "shop", file: "/app.ts", pid: 7, registry: "hawser://127.0.0.1:7400", startedAt: now - 192_000 };

const two = [child({ name: "orders-1", pid: 11 }), child({ name: "inventory-1", pid: 12 })];

function state(changed: Partial<ScreenState> = {}): ScreenState {
  return { info, children: two, selected: "orders-1", logs: [], message: undefined, now, ...changed };
}

const footer = "↑↓ select  r restart  s stop  q quit";

describe("a screen", () => {
  it("shows the app, its processes, the last lines that fit, and the keys", () => {
    const logs = ["one", "two", "three", "four"];
    expect(renderScreen(state({ logs }), paint(false), 90, 9).split("\n")).toEqual([
      "shop  pid 7  up 3m 12s  hawser://127.0.0.1:7400",
      "  SERVICE      PID  STATE  RESTARTS  CPU  MEM  CALLS/S  P99  ERRORS/S  UPTIME",
      "> orders-1     11   ready  0         -    -    -        -    -         0s",
      "  inventory-1  12   ready  0         -    -    -        -    -         0s",
      "─".repeat(90),
      "two",
      "three",
      "four",
      footer,
    ]);
  });

  it("keeps the keys at the bottom, where there are few lines to show", () => {
    const lines = renderScreen(state({ logs: ["one"] }), paint(false), 90, 12).split("\n");
    expect(lines.slice(4)).toEqual(["─".repeat(90), "one", "", "", "", "", "", footer]);
  });

  it("shows the selected process and those before it, where there are more than fit, and says how many do not", () => {
    const children = Array.from({ length: 20 }, (_, i) => child({ name: `orders-${i + 1}` }));
    const shown = (selected: string): string[] => {
      const lines = renderScreen(state({ children, selected, logs: ["the last"] }), paint(false), 80, 10).split("\n");
      expect(lines).toHaveLength(10);
      expect(lines[6]).toBe("── 16 more ".padEnd(80, "─"));
      expect(lines.slice(7)).toEqual(["the last", "", footer]);
      return lines.slice(2, 6).map((line) => line.split(/ +/).slice(0, 2).join(" "));
    };
    expect(shown("orders-1")).toEqual(["> orders-1", " orders-2", " orders-3", " orders-4"]);
    expect(shown("orders-12")).toEqual([" orders-9", " orders-10", " orders-11", "> orders-12"]);
  });

  it("shows the selected one the other way round on a screen with colours, over its whole width", () => {
    const [, , selected = "", other = ""] = renderScreen(state(), paint(true), 40, 9).split("\n");
    expect(selected).toBe(`\u001b[7m${stripVTControlCharacters(selected)}\u001b[0m`);
    expect(stripVTControlCharacters(selected)).toMatch(/^> orders-1 .{29}$/);
    expect(other).toContain("\u001b[32mready\u001b[0m");
  });

  it("answers in front of the keys", () => {
    const lines = renderScreen(state({ message: "restart orders-1 …" }), paint(false), 80, 9).split("\n");
    expect(lines.at(-1)).toBe(`restart orders-1 …  ${footer}`);
  });

  it("fits whatever there is to show into whatever screen there is", () => {
    const names = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), { maxLength: 12 });
    const logs = fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 200 }), { maxLength: 40 });
    const size = fc.integer({ min: 0, max: 120 });
    fc.assert(
      fc.property(names, logs, size, size, fc.boolean(), (all, logged, width, height, colored) => {
        const children = all.map((name) => child({ name }));
        const text = renderScreen(
          state({ children, selected: all.at(-1), logs: logged }),
          paint(colored),
          width,
          height,
        );
        const lines = height === 0 ? [] : text.split("\n");
        expect(lines).toHaveLength(height);
        for (const line of lines) expect([...stripVTControlCharacters(line)].length).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe("keys", () => {
  it.each([
    ["\u001b[A", ["up"]],
    ["\u001bOB", ["down"]],
    ["kjrsq", ["up", "down", "restart", "stop", "quit"]],
    ["\u0003", ["quit"]],
    ["\u001b[B\u001b[Br", ["down", "down", "restart"]],
    ["\u001b[5~\u001b[1;5C\u001b[Z\u001bOPx🚢\u001b\n", []],
    ["constructor", ["stop", "restart", "restart"]],
  ])("%j are %j", (typed, keys) => {
    expect(keysOf(typed)).toEqual(keys);
  });
});

class FakeKeyboard extends EventEmitter implements Keyboard {
  raw = false;
  flowing = false;

  setRawMode(raw: boolean): void {
    this.raw = raw;
  }

  resume(): void {
    this.flowing = true;
  }

  pause(): void {
    this.flowing = false;
  }

  type(keys: string): void {
    this.emit("data", Buffer.from(keys));
  }
}

class FakeDisplay extends Capture {
  columns = 80;
  rows = 10;

  constructor() {
    super(true);
  }

  /** What it shows now, line by line. */
  get shown(): readonly string[] {
    const [drawn = ""] = this.text.split("\u001b[H").at(-1)?.split("\u001b[J") ?? [];
    return stripVTControlCharacters(drawn).split("\r\n");
  }

  /** What it says to the last key. */
  get answer(): string | undefined {
    return this.shown.at(-1)?.split("  ↑↓")[0];
  }
}

const tuis: Closeable[] = [];
afterEach(async () => {
  for (const tui of tuis.splice(0)) await tui.close();
});

function opened(supervisor = new FakeSupervisor(...two)) {
  const [keyboard, display, clock] = [new FakeKeyboard(), new FakeDisplay(), new ManualClock(now)];
  let interrupts = 0;
  const interrupt = (): void => {
    interrupts++;
  };
  const tui = openTui({ supervisor, info, keyboard, display, clock, interrupt, paint: paint(true) });
  tuis.push(tui);
  return { tui, supervisor, keyboard, display, clock, interrupts: () => interrupts };
}

describe("a live table", () => {
  it("takes a screen of its own, and gives the terminal back as it was", async () => {
    const listeners = process.listenerCount("exit");
    const { tui, keyboard, display, clock, supervisor } = opened();
    expect(display.text.startsWith("\u001b[?1049h\u001b[?25l\u001b[?7l")).toBe(true);
    expect([keyboard.raw, keyboard.flowing]).toEqual([true, true]);
    await tui.close();
    await tui.close();
    expect(display.text.endsWith("\u001b[?7h\u001b[?25h\u001b[?1049l")).toBe(true);
    expect([keyboard.raw, keyboard.flowing]).toEqual([false, false]);
    const left = [keyboard.listenerCount("data"), display.listenerCount("resize"), supervisor.listeners, clock.pending];
    expect(left).toEqual([0, 0, 0, 0]);
    expect(process.listenerCount("exit")).toBe(listeners);
    const { length } = display.text;
    supervisor.say("orders-1", "late");
    display.emit("resize");
    expect(display.text).toHaveLength(length);
  });

  it("shows at once what is there, lines of before included", () => {
    const supervisor = new FakeSupervisor(...two);
    supervisor.say("orders-1", "before");
    const { display } = opened(supervisor);
    expect(display.shown[0]).toBe("shop  pid 7  up 3m 12s  hawser://127.0.0.1:7400");
    expect(display.shown[5]).toBe("orders-1    │ before");
  });

  it("shows what happens soon, many things at once with one drawing", () => {
    const { supervisor, display, clock } = opened();
    const { length } = display.text.split("\u001b[H");
    supervisor.statuses = [child({ name: "orders-1", state: "backing-off", pid: undefined })];
    supervisor.happen("orders-1", "exited", "exited with code 1");
    supervisor.say("orders-1", "boom");
    clock.advance(50);
    expect(display.text.split("\u001b[H")).toHaveLength(length + 1);
    expect(display.shown[2]).toMatch(/^> orders-1 {2}- {4}backing-off/);
    expect(display.shown.slice(4, 6)).toEqual([
      expect.stringMatching(/EVENT exited with code 1$/),
      "orders-1    │ boom",
    ]);
  });

  it("goes on with the time where nothing happens", () => {
    const { display, clock } = opened();
    clock.advance(3050);
    expect(display.shown[0]).toContain("up 3m 15s");
  });

  it("follows the size of the terminal", () => {
    const { display } = opened();
    Object.assign(display, { columns: 20, rows: 6 });
    display.emit("resize");
    expect(display.shown).toHaveLength(6);
    expect(display.shown[0]).toBe("shop  pid 7  up 3m 1");
  });

  it("keeps of many lines the last", () => {
    const { supervisor, display, clock } = opened();
    for (let i = 0; i < 5000; i++) supervisor.say("orders-1", `line ${i}`);
    clock.advance(50);
    expect(display.shown.slice(5, 9)).toEqual([4996, 4997, 4998, 4999].map((i) => `orders-1    │ line ${i}`));
  });
});

describe("a key", () => {
  const selected = (lines: readonly string[]): string | undefined =>
    lines.find((line) => line.startsWith(">"))?.split(" ")[1];

  it("selects, from the first to the last and no further", () => {
    const { keyboard, display, clock } = opened();
    const selectedAfter = (keys: string): string | undefined => {
      keyboard.type(keys);
      clock.advance(50);
      return selected(display.shown);
    };
    expect(selected(display.shown)).toBe("orders-1");
    expect(selectedAfter("\u001b[A")).toBe("orders-1");
    expect(selectedAfter("\u001b[B")).toBe("inventory-1");
    expect(selectedAfter("jj")).toBe("inventory-1");
    expect(selectedAfter("k")).toBe("orders-1");
  });

  it("keeps to the selected process where others come and go, and to the first where it goes itself", () => {
    const { keyboard, supervisor, display, clock } = opened();
    keyboard.type("j");
    const shown = (...names: string[]): string | undefined => {
      supervisor.statuses = names.map((name) => child({ name }));
      clock.advance(1050);
      return selected(display.shown);
    };
    expect(shown("a-1", "b-1", "inventory-1")).toBe("inventory-1");
    expect(shown("a-1", "b-1")).toBe("a-1");
    expect(shown()).toBeUndefined();
    keyboard.type("r");
    clock.advance(50);
    expect(display.answer).toBe("there is no process");
    expect(supervisor.asked).toEqual([]);
  });

  it("restarts and stops the selected process, and tells when it is done", async () => {
    const { keyboard, supervisor, display, clock } = opened();
    const finish = new Moment();
    supervisor.work = () => finish.promise;
    keyboard.type("r");
    clock.advance(50);
    expect(display.answer).toBe("restart orders-1 …");
    finish.now();
    await clock.run(50);
    expect(display.answer).toBe("restart orders-1: done");
    keyboard.type("js");
    await clock.run(50);
    expect(display.answer).toBe("stop inventory-1: done");
    expect(supervisor.asked).toEqual(["restart orders-1", "stop inventory-1"]);
  });

  it("that fails says why, in one line", async () => {
    const { keyboard, supervisor, display, clock } = opened();
    supervisor.work = async () => {
      throw startFailure("orders-1", "orders-1 ended with code 1\u001b[2J\n  | boom");
    };
    keyboard.type("r");
    await clock.run(50);
    expect(display.answer).toBe("restart orders-1: orders-1 ended with code 1");
  });

  it.each(["q", "\u0003"])("%j does what Ctrl-C does elsewhere, each time it is pressed", (key) => {
    const { keyboard, interrupts, display, clock } = opened();
    keyboard.type(key);
    clock.advance(50);
    expect(interrupts()).toBe(1);
    expect(display.answer).toBe("stopping; once more to end at once");
    keyboard.type(key);
    expect(interrupts()).toBe(2);
  });

  it("can be pressed on a terminal alone", () => {
    expect(keyboardOf(nothing())).toBeUndefined();
    expect(keyboardOf(Object.assign(nothing(), { isTTY: true }))).toBeUndefined();
    const keyboard = Object.assign(nothing(), { isTTY: true, setRawMode: () => {} });
    expect(keyboardOf(keyboard)).toBe(keyboard);
  });
});

/** Runs a script that opens a live table, and answers what it wrote. */
function run(script: string): Promise<{ readonly out: string; readonly code: number | null }> {
  const source = `
    import { EventEmitter } from "node:events";
    import { paint } from "./src/cli/paint.ts";
    import { openTui } from "./src/cli/up/tui.ts";
    import { FakeSupervisor } from "./test/support/fake-supervisor.ts";
    const keyboard = Object.assign(new EventEmitter(), { resume() {}, pause() {}, setRawMode: (raw) => process.stdout.write("raw " + raw + "\\n") });
    const tui = openTui({ supervisor: new FakeSupervisor(), info: ${JSON.stringify(info)}, keyboard, display: process.stdout, paint: paint(false) });
    ${script}
  `;
  const process_ = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", source]);
  let out = "";
  process_.stdout.on("data", (chunk) => {
    out += chunk;
  });
  return new Promise((resolve) => process_.on("close", (code) => resolve({ out, code })));
}

describe("a terminal", () => {
  it.each([
    ["throws", "setImmediate(() => { throw new Error('a bug'); });", 1],
    ["rejects", "Promise.reject(new Error('a bug'));", 1],
    ["exits", "process.exit(3);", 3],
    ["is interrupted twice", "process.on('SIGINT', () => process.exit(1)); keyboard.emit('data', 'q');", 1],
  ])("comes back where the process %s", async (_what, script, expected) => {
    const { out, code } = await run(script);
    expect(code).toBe(expected);
    expect(out.indexOf("\u001b[?1049h")).toBeGreaterThan(-1);
    expect(out.endsWith("\u001b[?7h\u001b[?25h\u001b[?1049lraw false\n")).toBe(true);
  });
});
