import { spawn } from "node:child_process";
import type { AppOutline } from "../app/outline.js";
import { type ProcessOptions, processArguments } from "../app/process-options.js";
import { AppError, exitCodes } from "../failure.js";
import { Interrupted } from "../interruptible.js";
import type { Io } from "../io.js";
import { hawserCommand } from "./hawser-command.js";

/**
 * Checks an app and reads how it is divided, in a process of its own: a supervisor loads no code of its users.
 *
 * @throws AppError where the app cannot be; Interrupted where the signal aborts
 */
export async function readOutline(file: string, options: ProcessOptions, io: Io): Promise<AppOutline> {
  const { command, args } = hawserCommand(["--json", "outline", file, ...processArguments(options)]);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], signal: io.signal });
  child.on("error", () => {}); // told by "close"
  const [output, complaint, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  if (io.signal.aborted) throw new Interrupted("interrupted");
  if (code === exitCodes.ok) return JSON.parse(lastLine(output)) as AppOutline; // before it stands what the app printed
  const { message = complaint.trim() } = asJson(lastLine(complaint));
  throw new AppError(message);
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
