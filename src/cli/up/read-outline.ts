import { spawn } from "node:child_process";
import { startTimeoutArguments, type ValueOptions, valueArguments } from "../app/app-options.js";
import type { AppOutline } from "../app/outline.js";
import { type ProcessOptions, processArguments } from "../app/process-options.js";
import { AppError, AppFailure, exitCodes, UsageError } from "../failure.js";
import { Interrupted } from "../interruptible.js";
import type { Io } from "../io.js";
import { hawserCommand } from "./hawser-command.js";

export interface OutlineOptions extends ProcessOptions {
  /** What it is to be started with: whether it could is checked too. Default: it is not to be started here. */
  readonly start?: ValueOptions & { readonly startTimeout: number; readonly registry: string | undefined };
}

/**
 * Checks an app and reads how it is divided, in a process of its own: a supervisor loads no code of its users.
 *
 * @throws AppError or UsageError where the app cannot be or could not start; AppFailure where its own code failed;
 *   Interrupted where the signal aborts
 */
export async function readOutline(file: string, options: OutlineOptions, io: Io): Promise<AppOutline> {
  const { start } = options;
  const checks =
    start === undefined ? [] : ["--check", ...valueArguments(start), ...startTimeoutArguments(start.startTimeout)];
  const { command, args } = hawserCommand(["--json", "outline", file, ...processArguments(options), ...checks]);
  const env = { ...process.env, ...(start?.registry && { HAWSER_REGISTRY: start.registry }) }; // arguments are seen by others
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], signal: io.signal, env });
  child.on("error", () => {}); // told by "close"
  const [output, complaint, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  if (io.signal.aborted) throw new Interrupted("interrupted");
  if (code === exitCodes.ok) return JSON.parse(lastLine(output)) as AppOutline; // before it stands what the app printed
  const { message = complaint.trim() || `reading ${file} ended with code ${code}` } = asJson(lastLine(complaint));
  if (code === exitCodes.usage) throw new UsageError(message);
  throw code === exitCodes.app ? new AppError(message) : new AppFailure(message);
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch {
    // The process was ended: what came is what there is.
  }
  return Buffer.concat(chunks).toString();
}

function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1) as string;
}

function asJson(line: string): { readonly message?: string } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
