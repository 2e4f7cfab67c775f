import { targetNamed } from "./targets/targets.js";
import { tryInput } from "./slice.js";
import { Dice } from "./dice.js";
import { writeInput } from "./input.js";
import { Outside } from "./outside.js";
import { writeFileSync } from "node:fs";
const outside = new Outside();
const target = targetNamed(process.argv[2]!);
const from = Number(process.argv[3] ?? 0), n = Number(process.argv[4] ?? 300);
const seen = new Map<string, number>(); const words = new Map<string, number>(); const t0 = performance.now(); let slow = 0;
for (let i = from; i < from + n; i++) {
  const t = performance.now();
  const input = target.generate(Dice.of(3, target.name, i));
  const f = await tryInput(target, input, outside, w => words.set(w, (words.get(w) ?? 0) + 1));
  if (performance.now() - t > 20) slow++;
  if (f) { const c = seen.get(f.signature) ?? 0; seen.set(f.signature, c + 1); if (c === 0) { console.log(i, f.message.slice(0, 400)); writeFileSync(`/tmp/fz-${target.name}-${i}.hex`, writeInput(input, [`target: ${target.name}`])); } }
}
console.log(seen, words, (performance.now() - t0) / n, "ms each", slow, "slow");
