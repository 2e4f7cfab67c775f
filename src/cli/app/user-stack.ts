import { fileURLToPath } from "node:url";

/** `dist/` or `src/` of Hawser. */
const own = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The stack of an error and of what caused it, without the frames that are not of the user's own code; undefined where none
 * is: the message has to do then.
 */
export function userStack(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [head = "", ...frames] = splitStack(error);
  const cause = userStack(error.cause);
  if (frames.length === 0) return cause;
  return [head, ...frames, ...(cause === undefined ? [] : [`caused by ${cause}`])].join("\n");
}

/** The message, which may have many lines, and a line for each frame. */
function splitStack({ stack = "", name, message }: Error): readonly string[] {
  const lines = stack.split("\n");
  const first = lines.findIndex((line) => /^ +at /.test(line));
  if (first < 0) return [`${name}: ${message}`];
  return [lines.slice(0, first).join("\n"), ...lines.slice(first).filter(isUsers)];
}

function isUsers(line: string): boolean {
  return /:\d+:\d+\)?$/.test(line) && !(line.includes(own) || /[\\/]node_modules[\\/]|\(?node:/.test(line));
}
