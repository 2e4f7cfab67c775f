/** The child's half of `process.ts`: carries out what the parent asks, one thing at a time, and goes when the parent goes. */
import "./heap.js";

// biome-ignore lint/suspicious/noExplicitAny: every command has its own argument
export type Commands = { readonly [name: string]: (argument: any) => unknown };

export interface Question {
  readonly command: string;
  readonly argument: unknown;
}

export interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

export function answer(commands: Commands): void {
  const send = (message: Answer) => void process.send?.(message);
  process.on("message", async ({ command, argument }: Question) => {
    try {
      send({ value: await commands[command]?.(argument) });
    } catch (error) {
      send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
}

/** What this process has used so far, user and system, in µs. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
