/** Sections while a source that reads texts one by one fills them. */
export interface Draft {
  [key: string]: string | Draft;
}

/**
 * Puts a text where its path says. Answers false, and leaves all as it was, where it cannot stand beside what is there:
 * a text on the way down, or an object where the text should be.
 */
export function place(draft: Draft, path: readonly string[], text: string): boolean {
  const [key, ...deeper] = path as [string, ...string[]];
  const present = Object.hasOwn(draft, key) ? draft[key] : undefined;
  if (deeper.length === 0) {
    if (typeof present === "object") return false;
    draft[key] = text;
    return true;
  }
  if (typeof present === "string") return false;
  const inner: Draft = present ?? {};
  draft[key] = inner;
  return place(inner, deeper, text);
}
