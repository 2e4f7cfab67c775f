import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Input, readInput, targetOf, writeInput } from "./input.js";
import { Outside } from "./outside.js";
import { type Failure, tryInput } from "./slice.js";
import type { Target } from "./target.js";
import { targetNamed } from "./targets/targets.js";

/** An input that has failed, and the target it failed in. */
export interface Grave {
  readonly name: string;
  readonly target: string;
  readonly input: Input;
}

const graveyard = new URL("graveyard/", import.meta.url);
const found = new URL("found/", import.meta.url);

/** @throws TypeError where it is no file that `keepFailure()` wrote */
export function readGrave(file: string | URL): Grave {
  const text = readFileSync(file, "utf8");
  const target = targetOf(text);
  if (target === undefined) throw new TypeError(`${file}: its first line must be "# target: …"`);
  return { name: String(file).replace(/.*\//, ""), target, input: readInput(text) };
}

/** Inputs that failed once, and never shall again. */
export function graves(): readonly Grave[] {
  return readdirSync(graveyard)
    .filter((file) => file.endsWith(".hex"))
    .sort()
    .map((file) => readGrave(new URL(file, graveyard)));
}

export async function replay(
  { target: name, input }: Grave,
  outside: Outside = new Outside(),
): Promise<Failure | undefined> {
  const target = targetNamed(name);
  await target.open?.();
  try {
    return await tryInput(target, input, outside);
  } finally {
    await target.close?.();
  }
}

export async function replayGraveyard(
  targets: readonly Target[],
): Promise<{ readonly inputs: number; readonly failures: number }> {
  const outside = new Outside();
  const buried = graves().filter(({ target }) => targets.some(({ name }) => name === target));
  let failures = 0;
  try {
    for (const grave of buried) {
      const failure = await replay(grave, outside);
      if (failure === undefined) continue;
      failures++;
      console.log(`  ${grave.name}: ${failure.message}`);
    }
  } finally {
    outside.close();
  }
  return { inputs: buried.length, failures };
}

/** Writes it into `found/`; where the fault is mended, the file belongs into `graveyard/`. Returns the file. */
export function keepFailure({ target, message, input }: Failure, seed: number): string {
  mkdirSync(found, { recursive: true });
  const text = writeInput(input, [`target: ${target}`, `seed: ${seed}`, message]);
  const name = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const file = fileURLToPath(new URL(`${target}-${name}.hex`, found));
  writeFileSync(file, text);
  return file;
}
