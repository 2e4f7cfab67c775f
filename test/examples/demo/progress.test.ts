import type { WriteStream } from "node:tty";
import { describe, expect, it } from "vitest";
import { Progress } from "../../../examples/shop/demo/progress.js";

function output(isTTY: boolean) {
  const writes: string[] = [];
  const out = { isTTY, write: (text: string) => writes.push(text) } as unknown as WriteStream;
  return { out, writes };
}

function walk(progress: Progress, steps: number): void {
  for (let step = 0; step < steps; step++) progress.step();
}

describe("the progress of the demo", () => {
  it("is a line every 10 % where nobody can see a bar move", () => {
    const { out, writes } = output(false);
    const progress = new Progress(200, out);
    walk(progress, 100);
    progress.note("a word in between");
    walk(progress, 100);
    progress.end();

    const percents = [10, 20, 30, 40, 50, "a word", 60, 70, 80, 90, 100];
    expect(writes.map((line) => line.trim().split(/ %| in /)[0])).toEqual(percents.map(String));
    expect(writes.at(-1)).toMatch(/^100 % {2}200\/200 calls, \d+\/s\n$/);
  });

  it("is one line drawn again and again on a terminal", () => {
    const { out, writes } = output(true);
    const progress = new Progress(200, out);
    walk(progress, 200);
    progress.end();

    const redrawn = "\r\x1b[K";
    expect(writes.at(0)).toContain(`${redrawn}[${"-".repeat(40)}] 1/200 calls`);
    expect(writes.at(-2)).toContain(`${redrawn}[${"#".repeat(40)}] 200/200 calls`);
    expect(writes.slice(0, -1).join("")).not.toContain("\n");
    expect(writes.at(-1)).toBe("\n");
  });
});
