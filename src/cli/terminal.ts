import type { Writable } from "node:stream";
import { defaultRegistryUrl } from "../service/open-registry.js";
import { defaultTransport } from "../service/open-transport.js";
import type { Transport } from "../transport/transport.js";
import { UsageError } from "./failure.js";
import type { Io } from "./io.js";
import { type Paint, paint } from "./paint.js";
import { runningRegistry } from "./up/running-app.js";

/** The options every verb has. */
export interface GlobalOptions {
  readonly registry?: string;
  readonly json?: boolean;
  /** False where `--no-color` was given. */
  readonly color?: boolean;
}

/** Where a verb writes, and what it was told about how. */
export class Terminal {
  readonly io: Io;
  /** Whether a program reads the output. */
  readonly json: boolean;
  readonly paint: Paint;
  /** Undefined where neither an option nor the environment said one. */
  readonly givenRegistryUrl: string | undefined;

  constructor(io: Io, options: GlobalOptions) {
    this.io = io;
    this.json = options.json ?? false;
    this.paint = paint(options.color !== false && !io.env["NO_COLOR"] && io.stdout.isTTY === true);
    this.givenRegistryUrl = options.registry ?? (io.env["HAWSER_REGISTRY"] || undefined);
  }

  /**
   * The one that was said, or that of the one app that runs under `hawser up`, or the usual one.
   *
   * @param file only the app of this file counts. Default: any
   */
  async registryUrl(file?: string): Promise<string> {
    return this.givenRegistryUrl ?? (await runningRegistry(this.io.env, file)) ?? defaultRegistryUrl;
  }

  /** What calls go by, and what listens. @throws UsageError where `HAWSER_TRANSPORT` names none */
  transport(): Transport {
    try {
      return defaultTransport(this.io.env);
    } catch (cause) {
      throw new UsageError((cause as Error).message, { cause });
    }
  }

  /** A line of the answer. Resolves when the reader can take more. */
  line(text: string): Promise<void> {
    return write(this.io.stdout, `${text}\n`);
  }

  /** One JSON object on one line. */
  object(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value));
  }

  /** Something beside the answer. */
  note(text: string): Promise<void> {
    return write(this.io.stderr, `${text}\n`);
  }
}

/** A stream that failed has been heard of elsewhere: it ends the command. */
function write(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}
