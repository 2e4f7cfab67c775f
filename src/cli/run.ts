import { pathToFileURL } from "node:url";
import { CommanderError } from "commander";
import { OtherCopy } from "./app/find-own-app.js";
import { exitCodeOf, exitCodes, failureJson, failureLine } from "./failure.js";
import { Interrupted } from "./interruptible.js";
import type { Io } from "./io.js";
import { createProgram } from "./program.js";

/**
 * Runs one command line to its end and answers the exit code: 0; 1 where it failed; 2 where it made no sense; 78 where
 * an app cannot run as it is written or configured; 130 where it was interrupted before it was done. Never rejects: a
 * failure is a line on stderr. A copy of Hawser that is installed elsewhere calls this of the copy in an app's project, so
 * what it takes and answers stays as it is.
 *
 * @param args without node and script
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync(args, { from: "user" });
    return exitCodes.ok;
  } catch (reason) {
    if (reason instanceof OtherCopy) return await goOn(reason, args, io);
    if (reason instanceof CommanderError && reason.exitCode === 0) return exitCodes.ok; // --help, --version
    if (reason instanceof Interrupted || io.signal.aborted) return exitCodes.interrupted;
    const helped = reason instanceof CommanderError && reason.code === "commander.help"; // no verb: it has printed the help
    const line = args.includes("--json") ? JSON.stringify(failureJson(reason)) : failureLine(reason);
    if (!helped) io.stderr.write(`${line}\n`);
    return exitCodeOf(reason);
  }
}

/** Nothing was done so far. */
async function goOn({ file }: OtherCopy, args: readonly string[], io: Io): Promise<number> {
  const other: { readonly run: typeof run } = await import(pathToFileURL(file).href);
  return await other.run(args, io);
}
