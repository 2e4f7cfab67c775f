/** What a person can ask for at a live table. */
export type Key = "up" | "down" | "restart" | "stop" | "quit";

/** As terminals send them: an arrow is a sequence, in one of two modes. */
const meanings: { readonly [sequence: string]: Key } = {
  "\u001b[A": "up",
  "\u001bOA": "up",
  k: "up",
  "\u001b[B": "down",
  "\u001bOB": "down",
  j: "down",
  r: "restart",
  s: "stop",
  q: "quit",
  "\u0003": "quit", // Ctrl-C
  "\u0004": "quit", // Ctrl-D
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are sent as these
const sequence = /\u001b(?:O[A-Z]|\[[0-9;]*[A-Za-z~])|./gsu;

/** The keys in what was typed, several where they were typed fast; others mean nothing. */
export function keysOf(typed: string): readonly Key[] {
  return [...typed.matchAll(sequence)].flatMap(([each]) => {
    const key = Object.hasOwn(meanings, each) ? meanings[each] : undefined;
    return key === undefined ? [] : [key];
  });
}
