/** Runs the slices it is sent, in a process of its own, and writes down all the time which inputs it is at. */
import { openSync, writeSync } from "node:fs";
import { Outside } from "./outside.js";
import { runSlice, type Slice } from "./slice.js";
import type { Target } from "./target.js";
import { targetNamed } from "./targets/targets.js";

export interface Order extends Slice {
  readonly target: string;
}

// Nobody reads more of a stack than where it came from, and what fails by design makes many.
Error.stackTraceLimit = 6;

const outside = new Outside();
const open = new Set<Target>();
/** By target. */
const known = new Map<string, Set<string>>();

/** Numbers in a file outlive a process that hangs: how many inputs have been begun, how many are under way, and which. */
const file = openSync(process.argv[2] as string, "r+");
let begun = 0;
function onInput(underWay: ReadonlySet<number>): void {
  const place = Uint32Array.of(++begun, underWay.size, ...underWay);
  writeSync(file, place, 0, place.byteLength, 0);
}

process.on("message", async ({ target: name, ...slice }: Order) => {
  const target = targetNamed(name);
  if (!open.has(target)) {
    open.add(target);
    await target.open?.();
  }
  const signatures = known.get(name) ?? new Set();
  known.set(name, signatures);
  process.send!(await runSlice(target, slice, outside, { known: signatures, onInput }));
});
process.on("disconnect", () => process.exit());
