import { Writable } from "node:stream";
import type { Io } from "../../../src/cli/io.js";
import { run } from "../../../src/cli/run.js";
import { systemClock } from "../../../src/time/time.js";

/** Keeps what is written to it. */
export class Capture extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly #waiting = new Set<() => void>();

  constructor(isTTY = false) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
    for (const wake of this.#waiting) wake();
  }

  get lines(): readonly string[] {
    return this.text.split("\n").slice(0, -1);
  }

  /** Resolves with the first line that fits, once there is one. */
  line(fits: (line: string) => boolean): Promise<string> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.lines.find(fits);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

export interface Surroundings extends Partial<Pick<Io, "stdin" | "env" | "clock">> {
  /** Whether stdout is a terminal. Default: false. */
  readonly tty?: boolean;
}

/** A command that runs in this process. */
export interface Started {
  readonly out: Capture;
  readonly err: Capture;
  readonly code: Promise<number>;
  /** As Ctrl-C does. */
  interrupt(): void;
}

export function start(args: readonly string[], { tty = false, ...around }: Surroundings = {}): Started {
  const stop = new AbortController();
  const out = new Capture(tty);
  const err = new Capture();
  const code = run(args, {
    stdin: nothing(),
    env: {},
    clock: systemClock,
    ...around,
    stdout: out,
    stderr: err,
    signal: stop.signal,
  });
  return { out, err, code, interrupt: () => stop.abort() };
}

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end. */
export async function hawser(args: readonly string[], around: Surroundings = {}): Promise<Result> {
  const { out, err, code } = start(args, around);
  return { code: await code, out: out.text, err: err.text };
}

/** What stands on stdin, chunk by chunk. */
export async function* nothing(): AsyncGenerator<string> {}

export async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* parts;
}
