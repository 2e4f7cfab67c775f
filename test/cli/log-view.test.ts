import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paint } from "../../src/cli/paint.js";
import { isColored, truncate } from "../../src/cli/up/ansi.js";
import { LogView } from "../../src/cli/up/log-view.js";
import { timeOfDay } from "../../src/cli/up/pino-line.js";
import { createLogger } from "../../src/telemetry/telemetry.js";
import { line } from "../support/fake-supervisor.js";

const written = Date.UTC(2020, 5, 1, 9, 30, 1, 7);
const at = timeOfDay(written);

function plain(text: string, name = "orders-1"): readonly string[] {
  return new LogView({ paint: paint(false), json: false }).line({ ...line(name, text), time: written });
}

const pino = (fields: object): string => JSON.stringify({ level: "info", time: written, ...fields });

describe("a line of a log", () => {
  it("is told for people: when, how bad, what, and with what", () => {
    const text = pino({
      service: "orders",
      version: "1.2.3",
      msg: "placed",
      order: 42,
      sku: "samovar",
      tags: ["a", 1],
    });
    expect(plain(text)).toEqual([`orders-1 │ ${at} INFO  placed order=42 sku=samovar tags=["a",1]`]);
  });

  it("as Hawser's own logger writes it is understood", () => {
    const texts: string[] = [];
    const logger = createLogger({
      service: "orders",
      version: "1.0.0",
      destination: { write: (text) => texts.push(text) },
    });
    logger.warn({ err: Object.assign(new Error("boom"), { code: 14 }), order: 42 }, "lost the warehouse");
    const [head, first, second] = plain(texts[0]?.trimEnd() ?? "");
    expect(head).toMatch(/^orders-1 │ \d\d:\d\d:\d\d\.\d{3} WARN {2}lost the warehouse order=42 err\.code=14$/);
    expect(first).toBe("orders-1 │   Error: boom");
    expect(second).toMatch(/^orders-1 │ {7}at /);
  });

  it.each([
    [10, "TRACE"],
    [20, "DEBUG"],
    [30, "INFO "],
    [40, "WARN "],
    [50, "ERROR"],
    [60, "FATAL"],
    [35, "35   "],
    ["error", "ERROR"],
    ["notice", "NOTICE"],
  ])("of level %s says %s", (level, tag) => {
    expect(plain(pino({ level, msg: "x" }))).toEqual([`orders-1 │ ${at} ${tag} x`]);
  });

  it("says when it was written, in whatever form; when it was read, where it does not say", () => {
    const other = Date.UTC(2020, 5, 1, 10, 0, 0, 500);
    expect(plain(pino({ time: other, msg: "x" }))).toEqual([`orders-1 │ ${timeOfDay(other)} INFO  x`]);
    expect(plain(pino({ time: new Date(other), msg: "x" }))).toEqual([`orders-1 │ ${timeOfDay(other)} INFO  x`]);
    for (const time of [undefined, "yesterday", {}]) {
      expect(plain(pino({ time, msg: "x" }))).toEqual([`orders-1 │ ${at} INFO  x`]);
    }
  });

  it("shortens the trace, names another service in the same process, and quotes what needs it", () => {
    const text = pino({
      service: "inventory",
      trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
      span_id: "00f067aa0ba902b7",
      empty: "",
      a: "b=c",
      said: 'he "did"',
      none: null,
    });
    expect(plain(text)).toEqual([
      `orders-1 │ ${at} INFO  service=inventory trace_id=4bf92f35 empty="" a="b=c" said="he \\"did\\"" none=null`,
    ]);
  });

  it("tells an error without a stack, or that is none", () => {
    expect(plain(pino({ err: { type: "Error", message: "boom" } }))).toEqual([`orders-1 │ ${at} INFO  err=boom`]);
    expect(plain(pino({ err: "boom" }))).toEqual([`orders-1 │ ${at} INFO  err=boom`]);
  });

  it.each([
    "Server started",
    "{not json}",
    '{"no":"level"}',
    '{"level":{}}',
    "[1,2]",
    "null",
    '"level"',
    "  at x (y:1)",
  ])("that is none of pino's stays as it is: %s", (text) => {
    expect(plain(text)).toEqual([`orders-1 │ ${text}`]);
  });

  it("cannot steer the terminal, whatever stands in it", () => {
    const evil = "a\u001b[2J\u001b]0;title\u0007b\rc\td\u0000";
    expect(plain(evil)).toEqual(["orders-1 │ ab\\x0dc    d\\x00"]);
    const fields = { level: "\u001b[31minfo", msg: evil, [evil]: evil, err: { stack: `${evil}\n\tat x` } };
    for (const text of plain(pino(fields))) expect(text).not.toMatch(/\p{Cc}/u);
    expect(plain("x", "orders\u001b[2J")[0]).not.toMatch(/\p{Cc}/u);
  });

  it("that is nested deeper than anybody can follow is shown as it is", () => {
    const deep = `{"level":"info","a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    expect(plain(deep)).toEqual([`orders-1 │ ${deep}`]);
  });

  it("never throws, and never writes what a terminal obeys", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.dictionary(fc.string(), fc.jsonValue()).map((fields) => JSON.stringify({ level: 30, ...fields })),
    );
    const views = [false, true].map((json) => new LogView({ paint: paint(false), json }));
    fc.assert(
      fc.property(anything, fc.double(), (text, time) => {
        for (const view of views) {
          for (const told of view.line({ ...line("a", text), time })) expect(told).not.toMatch(/\p{Cc}/u);
        }
      }),
      { examples: [["\u009b2J\u007f", 0]] },
    );
  });
});

describe("a line in front of others", () => {
  it("says whose it is, all in one column, from the first line where they are known", () => {
    const children = [
      { name: "orders-1", group: "orders" },
      { name: "inventory-1", group: "inventory" },
    ];
    const known = new LogView({ paint: paint(false), json: false, children });
    expect(known.line(line("orders-1", "x"))).toEqual(["orders-1    │ x"]);
    expect(known.line(line("inventory-1", "x"))).toEqual(["inventory-1 │ x"]);
    const unknown = new LogView({ paint: paint(false), json: false });
    expect(unknown.line(line("a-1", "x"))).toEqual(["a-1 │ x"]);
    expect(unknown.line(line("orders-1", "x"))).toEqual(["orders-1 │ x"]);
    expect(unknown.line(line("a-1", ""))).toEqual(["a-1      │"]);
  });

  it("has one colour for each service, which all its processes share", () => {
    const view = new LogView({ paint: paint(true), json: false });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour is one
    const colour = (name: string): string => /^\u001b\[(\d+)m/.exec(view.line(line(name, "x"))[0] ?? "")?.[1] ?? "none";
    const [orders, inventory, again] = [colour("orders-1"), colour("inventory-1"), colour("orders-2")];
    expect(again).toBe(orders);
    expect(new Set([orders, inventory, "none"]).size).toBe(3);
    expect(colour("inventory-1")).toBe(inventory);
  });

  it("has no colours where there shall be none", () => {
    const view = new LogView({ paint: paint(false), json: false });
    const lines = [
      ...view.line(line("a-1", pino({ level: 50, msg: "x" }))),
      ...view.event({ child: "a-1", type: "exited", text: "x" }, 0),
    ];
    for (const text of lines) expect(text).not.toContain("\u001b");
  });
});

describe("what happens to a process", () => {
  it("stands among its lines", () => {
    const view = new LogView({ paint: paint(false), json: false });
    expect(view.event({ child: "orders-1", type: "exited", text: "exited with\ncode 1" }, written)).toEqual([
      `orders-1 │ ${at} EVENT exited with\\ncode 1`,
    ]);
    expect(view.event({ child: "orders-1", type: "ready", text: "orders-1: ready after 1 s" }, written)).toEqual([
      `orders-1 │ ${at} EVENT ready after 1 s`,
    ]);
    expect(view.skipped(12)).toEqual(["…        │ 12 lines came too fast to be shown"]);
  });

  it("has the colour of its service, which was never heard of before", () => {
    const view = new LogView({ paint: paint(true), json: false });
    const [event = ""] = view.event({ child: "orders-2", type: "started", text: "x" }, 0);
    const [said = ""] = view.line(line("orders-1", "x"));
    expect(event.slice(0, 5)).toBe(said.slice(0, 5));
  });
});

describe("for programs", () => {
  const view = new LogView({ paint: paint(true), json: true });

  it("every line is one object, with what was said in it where that was one too", () => {
    const time = new Date(written).toISOString();
    const texts = [pino({ msg: "x" }), "plain\ttext"].map((text) => ({ ...line("orders-1", text), time: written }));
    expect(texts.flatMap((each) => view.line(each)).map((text) => JSON.parse(text))).toEqual([
      { child: "orders-1", group: "orders", stream: "stdout", time, log: { level: "info", time: written, msg: "x" } },
      { child: "orders-1", group: "orders", stream: "stdout", time, text: "plain\ttext" },
    ]);
  });

  it("so is what happens", () => {
    const event = { child: "orders-1", type: "exited", text: "exited with code 1" } as const;
    expect(view.event(event, written).map((text) => JSON.parse(text))).toEqual([
      { time: new Date(written).toISOString(), ...event },
    ]);
    expect(view.skipped(3)).toEqual(['{"skipped":3}']);
  });
});

describe("a text that is cut to a width", () => {
  it("keeps its colours and ends them", () => {
    const { good } = paint(true);
    expect(truncate("abcdef", 3)).toBe("abc");
    expect(truncate(`${good("abc")}def`, 4)).toBe(`${good("abc")}d`);
    expect(truncate(`x${good("abcdef")}`, 3)).toBe(`x${good("ab")}`);
    expect(truncate("🚢🚢🚢", 2)).toBe("🚢🚢");
    expect(truncate(good("abc"), 3)).toBe(good("abc"));
    expect(truncate("abc", 0)).toBe("");
  });

  it("is coloured or not", () => {
    expect([paint(true), paint(false)].map(isColored)).toEqual([true, false]);
  });
});
