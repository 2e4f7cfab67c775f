/** Colours for people; each takes a text and gives it back as it shall look. */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warning: (text: string) => string;
}

/** @param colored false leaves every text as it is */
export function paint(colored: boolean): Paint {
  const style = (code: number) => (text: string) => (colored ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { strong: style(1), faint: style(2), good: style(32), bad: style(31), warning: style(33) };
}

/** What others wrote, safe to print on one line: a terminal obeys control characters, and a registry holds what anybody put there. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    const code = character.codePointAt(0) as number;
    return character === "\n" ? "\\n" : character === "\t" ? "\\t" : `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
