/**
 * How long `testApp()` takes to start the shop and to close it, modules loaded: `npm run --prefix bench test-app`. One JSON
 * object on stdout, a line for people on stderr.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testApp } from "../../dist/testing/testing.js";

const starts = 20;
/** TypeScript, hence loaded at run time, by tsx. */
const example = new URL("../../examples/shop/app.ts", import.meta.url).href;

const { default: shop } = await import(example);
const folder = await mkdtemp(join(tmpdir(), "hawser-bench-"));
const startMs: number[] = [];
const closeMs: number[] = [];
for (let start = 0; start < starts; start++) {
  const begun = performance.now();
  const app = await testApp(shop, { config: { shared: { folder } } });
  startMs.push(performance.now() - begun);
  const closing = performance.now();
  await app.close();
  closeMs.push(performance.now() - closing);
}
await rm(folder, { recursive: true });

const figures = {
  suite: "testing",
  case: "testApp(shop)",
  starts,
  first_ms: round(startMs[0] as number),
  p50_ms: round(median(startMs)),
  max_ms: round(Math.max(...startMs)),
  close_p50_ms: round(median(closeMs)),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.stderr.write(
  `testApp(shop): ${figures.p50_ms} ms (first ${figures.first_ms} ms, longest ${figures.max_ms} ms)\n`,
);

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
