import { Dice } from "./dice.js";
import type { Input } from "./input.js";
import { minimise } from "./minimise.js";
import type { Outside } from "./outside.js";
import type { Target } from "./target.js";

/** A run of a target's inputs, by their numbers. */
export interface Slice {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

export interface Failure {
  readonly target: string;
  /** What tells it from others of the target: the message without its numbers. */
  readonly signature: string;
  readonly message: string;
  readonly input: Input;
}

export interface SliceResult {
  readonly inputs: number;
  readonly failures: number;
  /** One of each signature, minimised. */
  readonly found: readonly Failure[];
  /** How often each word was what came of an input. */
  readonly outcomes: { readonly [word: string]: number };
}

/** One failure is made smaller for so long, in ms. */
const minimisingMs = 10_000;

/** Every input of a slice, one after the other or as many at once as the target bears. */
export async function runSlice(
  target: Target,
  { seed, from, to }: Slice,
  outside: Outside,
  { known = new Set<string>(), onInput = () => {} }: SliceOptions = {},
): Promise<SliceResult> {
  const outcomes: { [word: string]: number } = {};
  const found: Failure[] = [];
  let failures = 0;
  let next = from;
  const underWay = new Set<number>();
  const runner = async (): Promise<void> => {
    while (next < to) {
      const index = next++;
      underWay.add(index);
      onInput(underWay);
      if (index % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
      const input = target.generate(Dice.of(seed, target.name, index));
      const failure = await tryInput(target, input, outside, (word) => {
        outcomes[word] = (outcomes[word] ?? 0) + 1;
      });
      if (failure !== undefined) {
        failures++;
        if (!known.has(failure.signature)) {
          known.add(failure.signature);
          found.push({ ...failure, input: await least(target, failure, outside, () => onInput(underWay)) });
        }
      }
      underWay.delete(index);
    }
  };
  await Promise.all(Array.from({ length: target.parallel ?? 1 }, runner));
  return { inputs: to - from, failures, found, outcomes };
}

export interface SliceOptions {
  /** Signatures that need no minimising any more. */
  readonly known?: Set<string>;
  /** Before each input, with the numbers of those under way, its own last; also while one is minimised. */
  readonly onInput?: (underWay: ReadonlySet<number>) => void;
}

/** Undefined where all went as it should. */
export async function tryInput(
  target: Target,
  input: Input,
  outside: Outside,
  onOutcome: (word: string) => void = () => {},
): Promise<Failure | undefined> {
  try {
    const outcome = target.check(input);
    const word = typeof outcome === "string" ? outcome : await outcome;
    outside.check();
    onOutcome(word);
    return undefined;
  } catch (reason) {
    const message = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    return { target: target.name, signature: signatureOf(message), message, input };
  }
}

function least(target: Target, failure: Failure, outside: Outside, onTry: () => void): Promise<Input> {
  const until = performance.now() + minimisingMs;
  const stillFails = async (candidate: Input): Promise<boolean> => {
    onTry();
    return (await tryInput(target, candidate, outside))?.signature === failure.signature;
  };
  return minimise(failure.input, stillFails, () => performance.now() < until);
}

function signatureOf(message: string): string {
  const [first = "", ...rest] = message.split("\n");
  const place = rest.find((line) => line.includes("/src/")) ?? "";
  return `${first} ${place}`.replace(/\d+/g, "#").trim();
}
