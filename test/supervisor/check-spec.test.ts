import { describe, expect, it } from "vitest";
import { createSupervisor, type GroupSpec, type ProcessSpec } from "../../src/supervisor/supervisor.js";
import { child } from "./supervised.js";

const withChildren = (...children: readonly (ProcessSpec | GroupSpec)[]): GroupSpec => ({ name: "shop", children });
const with1 = (more: object): GroupSpec => withChildren({ ...child("orders"), ...more });

describe("a tree that cannot be", () => {
  it.each<[string, GroupSpec, string]>([
    [
      "two of one name",
      withChildren(child("a"), child("a")),
      'a child of shop: two are named "a"; a name is unique in the tree',
    ],
    [
      "two of one name far apart",
      withChildren(child("a"), { name: "g", children: [child("a")] }),
      'a child of g: two are named "a"; a name is unique in the tree',
    ],
    ["a child named as its group", withChildren(child("shop")), 'two are named "shop"'],
    [
      "one that comes after nobody there is",
      withChildren(child("a", { after: ["inventry"] }), child("inventory")),
      'a: comes after "inventry", which is no sibling of it (they are inventory)',
    ],
    [
      "one that comes after a child of another group",
      withChildren(child("a", { after: ["b"] }), { name: "g", children: [child("b")] }),
      'a: comes after "b", which is no sibling of it (they are g)',
    ],
    ["one that comes after itself", with1({ after: ["orders"] }), "after: orders comes after orders, a circle"],
    [
      "a circle of three",
      withChildren(child("a", { after: ["b"] }), child("b", { after: ["c"] }), child("c", { after: ["a"] })),
      "after: a comes after b comes after c comes after a, a circle",
    ],
    [
      "a circle with one that comes after all before it",
      withChildren(child("a", { after: ["b"] }), { name: "b", command: "node", args: [] }),
      "after: a comes after b comes after a, a circle",
    ],
    ["no name", withChildren(child("")), 'a child of shop: its name is ""'],
    ["a name with spaces", withChildren(child("a b")), 'its name is "a b"; it must be a word without spaces'],
    ["no command", with1({ command: "" }), "orders: it needs a command and its args, or children"],
    ["no args", with1({ args: undefined }), "orders: it needs a command and its args, or children"],
    ["no list of children", { name: "shop", children: {} as never }, "shop: children must be a list"],
    [
      "a restart policy",
      with1({ restart: "always" }),
      'orders: restart is "always"; it is permanent, transient or temporary',
    ],
    [
      "a strategy",
      { ...withChildren(), strategy: "all" as never },
      'shop: strategy is "all"; it is one_for_one, one_for_all',
    ],
    ["no time to be ready", with1({ readyTimeoutMs: 0 }), "orders: readyTimeoutMs is 0; it must be more than 0"],
    ["no number", with1({ stopTimeoutMs: Number.NaN }), "orders: stopTimeoutMs is NaN; it must be 0 or more"],
    [
      "restarts below 0",
      { ...withChildren(), intensity: { restarts: -1, withinMs: 1 } },
      "shop: intensity.restarts is -1",
    ],
    ["no window", { ...withChildren(), intensity: { restarts: 1, withinMs: 0 } }, "shop: intensity.withinMs is 0"],
  ])("is refused: %s", (_what, spec, message) => {
    expect(() => createSupervisor(spec)).toThrow(message);
  });

  it("may be empty", async () => {
    const supervisor = createSupervisor(withChildren());
    expect(supervisor.children()).toEqual([]);
    await supervisor.close();
  });
});
