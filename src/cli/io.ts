import type { Writable } from "node:stream";
import type { Clock } from "../time/time.js";

/** What a command sees of the world: of a process, or of a test. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
  readonly env: { readonly [name: string]: string | undefined };
  /** Aborts where the person has had enough: Ctrl-C, or nobody reads the output any more. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}
