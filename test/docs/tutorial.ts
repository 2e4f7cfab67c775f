/** One thing that a reader of a tutorial does. */
export type Step = { readonly line: number } & (
  | CommandsStep
  | { readonly kind: "file" | "contains"; readonly path: string; readonly content: string }
  | { readonly kind: "log"; readonly shown: readonly string[] }
  | { readonly kind: "ctrl-c" }
);

export interface CommandsStep {
  readonly kind: "commands";
  readonly commands: readonly Command[];
  /** Whether it stays in a terminal of its own. */
  readonly stays: boolean;
  /** Whether it is shown how it fails. */
  readonly fails: boolean;
  /** A program that need not be there. */
  readonly needs: string | undefined;
  /** Why it cannot be run. */
  readonly notRun: string | undefined;
}

export interface Command {
  readonly text: string;
  /** What the page shows as its output; none where it shows nothing. */
  readonly shown: readonly string[];
}

/**
 * The steps of a page: blocks of `sh` with commands behind `$` and what they print; `terminal` marks one that stays, `fails` one
 * that does not succeed, `needs=…` a program that may be missing. Blocks with `file=…` are written into that file, those with
 * `contains=…` must be in it; lines of a block `log` come from the terminal that was opened last. Comments say `ctrl-c`, which
 * ends what stays in terminals, and `not run: …` before a block.
 */
export function stepsOf(page: string): readonly Step[] {
  const steps: Step[] = [];
  const blocks = /^<!-- (ctrl-c|not run: .*) -->$|^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm;
  let notRun: string | undefined;
  for (const { index, 1: comment, 2: language, 3: words = "", 4: body = "" } of page.matchAll(blocks)) {
    const line = page.slice(0, index).split("\n").length;
    if (comment === "ctrl-c") steps.push({ line, kind: "ctrl-c" });
    if (comment !== undefined) {
      notRun = comment.startsWith("not run: ") ? comment.slice("not run: ".length) : undefined;
      continue;
    }
    const [, kind, path] = /^(file|contains)=(\S+)$/.exec(words) ?? [];
    if (path !== undefined) steps.push({ line, kind: kind as "file" | "contains", path, content: body });
    else if (language === "log") steps.push({ line, kind: "log", shown: linesOf(body) });
    else if (language === "sh") steps.push({ line, ...commandsOf(words, body), notRun });
    else throw new Error(`line ${line}: a block of ${language} that nobody checks`);
    notRun = undefined;
  }
  return steps;
}

function commandsOf(words: string, body: string): Omit<CommandsStep, "notRun"> {
  const commands = body.split(/^\$ /m).slice(1).map(linesOf);
  return {
    kind: "commands",
    commands: commands.map(([text = "", ...shown]) => ({ text, shown })),
    stays: words.includes("terminal"),
    fails: words.includes("fails"),
    needs: /needs=(\S+)/.exec(words)?.[1],
  };
}

function linesOf(body: string): readonly string[] {
  return body.trimEnd().split("\n");
}

/**
 * What a line of output must look like to be the one that a page shows. Numbers of several digits, and those with a unit, may be others:
 * times, ports, pids, sizes. `…` stands for anything, and alone on its line for any lines.
 */
export function patternOf(shown: readonly string[]): string {
  return shown.map((line) => (line === "…" ? "(?:.*\\n)*?" : `[ \\t]*${linePattern(line)}[ \\t]*\\n`)).join("");
}

function linePattern(line: string): string {
  return line
    .trim()
    .split(/(\s*…\s*|\s+|\b\d[\w.:%]+)/)
    .map((part) => {
      if (part.includes("…")) return ".*";
      if (/^\s+$/.test(part)) return "\\s+";
      if (/^\d[\w.:%]+$/.test(part)) return "[-\\d][\\w.:%]*(?: \\d+\\w)?";
      return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    })
    .join("");
}
