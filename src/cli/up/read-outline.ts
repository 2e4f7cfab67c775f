import { type ChildProcess, spawn } from "node:child_process";
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
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const limitMs = (start?.startTimeout ?? usualLimitMs) + startOfNodeMs;
  const [output, complaint, code, late] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
    endedInTime(child, limitMs, io),
  ]);
  if (io.signal.aborted) throw new Interrupted("interrupted");
  if (late) {
    throw new AppFailure(
      `${file} has not been read within ${limitMs / 1000} s; does it wait, or compute, at its top level?`,
    );
  }
  if (code === exitCodes.ok) return JSON.parse(lastLine(output)) as AppOutline; // before it stands what the app printed
  const { message = complaint.trim() || `reading ${file} ended with code ${code}` } = asJson(lastLine(complaint));
  if (code === exitCodes.usage) throw new UsageError(message);
  throw code === exitCodes.app ? new AppError(message) : new AppFailure(message);
}

/** How long an app that is not to be started may take to be read. */
const usualLimitMs = 30_000;
/** What Node and a compiler need before the app's own code runs. */
const startOfNodeMs = 5_000;
const killAfterMs = 1_000;

/**
 * Ends a process that is not wanted any more, or is too late: code that blocks hears no signal but SIGKILL. Resolves when it has
 * ended, with whether it was late.
 */
function endedInTime(child: ChildProcess, limitMs: number, { signal, clock }: Io): Promise<boolean> {
  return new Promise((resolve) => {
    let late = false;
    const kill = (): void => void child.kill("SIGKILL");
    let timer = clock.timer(limitMs, () => {
      late = true;
      kill();
    });
    const stop = (): void => {
      child.kill("SIGTERM");
      timer.cancel();
      timer = clock.timer(killAfterMs, kill);
    };
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", stop);
      process.off("exit", kill);
      resolve(late);
    };
    process.once("exit", kill);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    child.once("close", done);
    child.once("error", done); // it could not be started, or not be signalled; told by "close"
  });
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
