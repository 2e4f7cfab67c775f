import { server } from "./targets/server.js";
import { runSlice, tryInput } from "./slice.js";
import { Dice } from "./dice.js";
import { Outside } from "./outside.js";
const outside = new Outside();
const from = Number(process.argv[2] ?? 0);
for (let i = from; i < from + 2000; i++) {
  const t = performance.now();
  const input = server.generate(Dice.of(3, "server", i));
  const f = await tryInput(server, input, outside);
  const ms = performance.now() - t;
  if (f || ms > 30) console.log(i, ms.toFixed(1), f?.message.slice(0,500));
}
