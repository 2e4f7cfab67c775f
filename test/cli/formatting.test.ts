import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { changes } from "../../src/cli/changes.js";
import { formatDuration, parseDuration } from "../../src/cli/duration.js";
import { paint, printable } from "../../src/cli/paint.js";
import { table } from "../../src/cli/table.js";
import type { Instance } from "../../src/contract/contract.js";

describe("a table", () => {
  it("makes every column as wide as its widest cell and ends lines where their text ends", () => {
    expect(
      table([
        ["NAME", "COUNT"],
        ["inventory", "2"],
        ["a", ""],
      ]),
    ).toBe("NAME       COUNT\ninventory  2\na");
  });

  it("does not count colours nor the halves of a character", () => {
    const { strong } = paint(true);
    const lines = table([
      [strong("AB"), "x"],
      ["🚢🚢🚢", "y"],
    ]).split("\n");
    expect(lines).toEqual(["\u001b[1mAB\u001b[0m   x", "🚢🚢🚢  y"]);
  });
});

describe("what others wrote", () => {
  it("cannot steer the terminal nor break the line", () => {
    expect(printable("a\u001b[2Jb\r\nc\td\u009b")).toBe("a\\x1b[2Jb\\x0d\\nc\\td\\x9b");
    expect(printable("Grüße 🚢")).toBe("Grüße 🚢");
  });
});

describe("a duration", () => {
  it.each([
    ["250ms", 250],
    ["5s", 5000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "5", "s", "-1s", "0s", "5 s", "1d", "1e3ms", "5S"])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
  });

  it.each([
    [-5, "0s"],
    [59_999, "59s"],
    [192_000, "3m 12s"],
    [3_600_000, "1h 0m"],
    [90_000_000, "1d 1h"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("changes of a service", () => {
  const plain = paint(false);
  const instance = (id: string, changed: Partial<Instance> = {}): Instance => ({
    id,
    service: "orders",
    version: "1.0.0",
    endpoints: ["grpc://10.0.0.7:50051"],
    contracts: [],
    metadata: {},
    weight: 100,
    zone: "",
    state: "serving",
    startedAt: new Date(0),
    ...changed,
  });
  const snapshot = (instances: readonly Instance[], stale = false) => ({ service: "orders", instances, stale });

  it("are who came, who left and who is another than before", () => {
    const before = snapshot([instance("a"), instance("b"), instance("c")]);
    const after = snapshot([instance("b", { state: "draining" }), instance("c"), instance("d")]);
    expect(changes(before, after, plain)).toEqual([
      "~ b  draining",
      "+ d  orders 1.0.0 serving grpc://10.0.0.7:50051",
      "- a",
    ]);
  });

  it("are everybody where nothing was known before", () => {
    expect(changes(undefined, snapshot([instance("a")]), plain)).toHaveLength(1);
  });

  it("name whatever is another besides the state", () => {
    const after = snapshot([instance("a", { weight: 50, metadata: { tier: "gold" } })]);
    expect(changes(snapshot([instance("a")]), after, plain)).toEqual([
      '~ a  serving metadata={"tier":"gold"} weight=50',
    ]);
  });

  it("say where the registry is away and back", () => {
    const here = snapshot([instance("a")]);
    const away = snapshot([instance("a")], true);
    expect(changes(here, away, plain)).toEqual(["! orders: the registry is away"]);
    expect(changes(away, here, plain)).toEqual(["! orders: the registry is back"]);
  });

  it("are coloured for people", () => {
    const [plainLine] = changes(undefined, snapshot([instance("a")]), plain);
    expect(changes(undefined, snapshot([instance("a")]), paint(true))).toEqual([`\u001b[32m${plainLine}\u001b[0m`]);
  });
});
