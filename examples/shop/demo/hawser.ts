import { fileURLToPath } from "node:url";

/** The command line, as `npx hawser` would find it. */
export function hawser(...args: readonly string[]): { readonly command: string; readonly args: readonly string[] } {
  const bin = fileURLToPath(new URL("cli/hawser.js", import.meta.resolve("hawser")));
  return { command: process.execPath, args: [bin, ...args] };
}
