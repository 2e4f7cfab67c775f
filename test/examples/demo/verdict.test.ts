import { describe, expect, it } from "vitest";
import { verdict } from "../../../examples/shop/demo/verdict.js";

const asPromised = { planned: 2000, calls: 2000, failed: 0, killed: 1 };

describe("the verdict of the demo", () => {
  it("is good where every call was made, none failed and one instance was killed", () => {
    expect(verdict(asPromised)).toEqual({ line: "demo: 2000 calls, 0 failed, 1 instance killed", passed: true });
  });

  it.each([
    ["a call failed", { failed: 1 }, "demo: 2000 calls, 1 failed, 1 instance killed"],
    ["a call was not made", { calls: 1999 }, "demo: 1999 calls, 0 failed, 1 instance killed"],
    ["nobody was killed", { killed: 0 }, "demo: 2000 calls, 0 failed, 0 instances killed"],
  ])("is bad where %s", (_, counts, line) => {
    expect(verdict({ ...asPromised, ...counts })).toEqual({ line, passed: false });
  });
});
