/** What a peer does besides sending: it reads no more, reads on, says it is done, breaks off, or lets time pass. */
const words = ["stall", "drain", "end", "break", "turn"] as const;
export type Word = (typeof words)[number];

/** Bytes that come in one piece, or something else that happens. */
export type Step = Buffer | Word;

/** What one run of a target is given, whole: nothing else decides what happens in it. */
export type Input = readonly Step[];

/** A line a step, bytes in hex, behind lines of comment. */
export function writeInput(input: Input, comments: readonly string[]): string {
  const head = comments.flatMap((comment) => comment.split("\n")).map((line) => `# ${line}`);
  const steps = input.map((step) => (typeof step === "string" ? step : step.toString("hex")));
  return `${[...head, ...steps.filter((line) => line !== "")].join("\n")}\n`;
}

/** @throws TypeError where a line is neither hex nor one of the words */
export function readInput(text: string): Input {
  return text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => {
      if ((words as readonly string[]).includes(line)) return line as Word;
      if (/^([0-9a-f]{2})+$/i.test(line)) return Buffer.from(line, "hex");
      throw new TypeError(`not a step of an input: "${line.slice(0, 60)}"; expected hex, or ${words.join(", ")}`);
    });
}

/** The target an input was found with: its first line says `target: name`. */
export function targetOf(text: string): string | undefined {
  return /^# target: (\S+)/m.exec(text)?.[1];
}

export function bytesOf(input: Input): Buffer {
  return Buffer.concat(input.filter((step) => typeof step !== "string"));
}
