import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** How to run `hawser` as it runs now, with other arguments. */
export function hawserCommand(args: readonly string[]): { readonly command: string; readonly args: readonly string[] } {
  const hawser = fileURLToPath(new URL(`../hawser${extname(import.meta.url)}`, import.meta.url));
  const own = process.execArgv.filter((each) => !each.startsWith("--inspect")); // a debugger has one port
  return { command: process.execPath, args: [...own, hawser, ...args] };
}
